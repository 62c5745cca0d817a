// SPDX-License-Identifier: BSL-1.0
#include "inspector/debug.hpp"

#include <chrono>
#include <climits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "http/message/html.hpp"
#include "http/message/json_writer.hpp"
#include "http/message/problem.hpp"
#include "http/server/parameters.hpp"
#include "http/server/worker.hpp"
#include "inspector/inspection.hpp"
#include "inspector/profile/folded.hpp"
#include "leash/json.hpp"
#include "leash/task_filter.hpp"
#include "leash/tree.hpp"

namespace inspector {

using http::server::Exchange;
using http::server::MaybeResponse;
using http::server::Parameters;
using http::server::Route;
using leash::Result;
using leash::Task;
using nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

constexpr auto most_age = std::chrono::hours(24 * 365);
constexpr int most_entries = 100'000;

enum class Format { json, text, html, folded };

// As ?format= says, else as the client prefers. Folded stacks are of tasks alone.
Format format_of(const Exchange& exchange, Parameters& parameters, bool of_tasks = false) {
  const std::string_view wanted = parameters.text("format", "");
  if (wanted == "json") return Format::json;
  if (wanted == "text") return Format::text;
  if (wanted == "html") return Format::html;
  if (wanted == "folded" && of_tasks) return Format::folded;
  if (!wanted.empty()) {
    parameters.fail(of_tasks ? "This format is unknown; allowed are folded, html, json, text."
                             : "This format is unknown; allowed are html, json, text.");
  }
  const std::string_view accept = exchange.request().headers.find("Accept").value_or("");
  if (accept.starts_with("text/html")) return Format::html;
  if (accept.starts_with("text/plain")) return Format::text;
  return Format::json;
}

leash::TaskFilter filter_of(Parameters& parameters) {
  leash::TaskFilter filter;
  filter.site = parameters.text("site", "");
  filter.name = parameters.text("name", "");
  filter.min_age = std::chrono::duration_cast<leash::Duration>(parameters.duration("min_age", 0s, most_age));
  filter.limit = static_cast<std::size_t>(parameters.integer("limit", 1000, 1, most_entries));
  return filter;
}

http::Response page(std::string_view title, std::string_view text) {
  const std::string name = http::escape_html(title);
  return http::text_response(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + name +
          "</title>\n<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1a1a1a;"
          "background:#fff}pre{font:13px/1.45 ui-monospace,monospace;overflow-x:auto}"
          "nav a{margin-right:1rem}@media(prefers-color-scheme:dark){body{color:#ddd;"
          "background:#161616}a{color:#8ab4f8}}</style></head>\n<body><h1>" +
          name +
          "</h1>\n<nav><a href=\"/\">live page</a><a href=\"/debug/tasks\">tasks</a>"
          "<a href=\"/debug/leaks\">leaks</a><a href=\"/debug/contexts\">contexts</a>"
          "<a href=\"/debug/tree\">tree</a><a href=\"/metrics\">metrics</a></nav>\n<pre>" +
          http::escape_html(text) + "</pre></body></html>\n",
      "text/html");
}

http::Response in_format(Format format, std::string_view title, const ordered_json& json,
                         const std::string& text) {
  if (format == Format::text) return http::text_response(text, "text/plain");
  if (format == Format::html) return page(title, text);
  return http::json_response(200, json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

std::string not_answering(const std::vector<std::string>& loops, std::string_view what = "does not answer") {
  std::string text;
  for (const std::string& name : loops) text += "loop \"" + name + "\" " + std::string(what) + "\n";
  return text;
}

ordered_json to_json(const std::vector<Change>& changed) {
  ordered_json list = ordered_json::array();
  for (const Change& change : changed) {
    ordered_json entry = leash::to_json(change.entry);
    entry["before"] = change.before;
    list.push_back(std::move(entry));
  }
  return list;
}

std::string to_text(const std::vector<Change>& changed) {
  if (changed.empty()) return "nothing has changed\n";
  std::string text;
  for (const Change& change : changed) {
    const bool grew = change.entry.count > change.before;
    text += "\n" + std::string(grew ? "+" : "-") +
            std::to_string(grew ? change.entry.count - change.before : change.before - change.entry.count) +
            " (" + std::to_string(change.before) + " before, " + std::to_string(change.entry.count) +
            " now)\n" + leash::to_text(change.entry.oldest);
  }
  return text;
}

std::string to_text(const leash::ContextDump& dump) {
  std::string text = std::to_string(dump.live) + " contexts that are not done, " + std::to_string(dump.held) +
                     " that are done and still referred to\n";
  if (!dump.complete) text += "not all of them were visited\n";
  for (const leash::ContextGroup& group : dump.groups) {
    text += "\n" + std::to_string(group.count) +
            (group.label.empty() ? " without a label" : " \"" + group.label + "\"");
    if (group.armed > 0) {
      const auto seconds = [](leash::Duration d) {
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(d).count()) + " s";
      };
      text += ", " + std::to_string(group.armed) + " with a deadline, in " +
              seconds(*group.nearest_deadline) + " to " + seconds(*group.farthest_deadline);
    }
    text += "\n    made at " + group.site.file + ":" + std::to_string(group.site.line) + " by " +
            group.site.function + "\n";
  }
  return text;
}

}  // namespace

Task<Result<MaybeResponse>> DebugRoutes::tasks(Exchange& exchange, bool only_leaked) {
  Parameters parameters(exchange.query(),
                        {"site", "name", "state", "min_age", "limit", "full", "since", "format"});
  const Format format = format_of(exchange, parameters, true);
  leash::DumpOptions options;
  options.filter = filter_of(parameters);
  options.full = parameters.integer("full", 0, 0, 1) == 1;
  if (const std::string_view wanted = parameters.text("state", ""); !wanted.empty()) {
    options.filter.state = leash::parse_task_state(wanted);
    if (!options.filter.state) {
      parameters.fail("This state is unknown; allowed are owned, detached, orphan, leaked.");
    }
  }
  if (only_leaked) {
    if (exchange.query().find("state"))
      parameters.fail("All of these have leaked; other states: /debug/tasks.");
    options.filter.state = leash::TaskState::leaked;
  }
  const int since = parameters.integer("since", 0, 1, INT_MAX);
  if (since && format == Format::folded) {
    parameters.fail(
        "Folded stacks are of one dump; two profiles are subtracted by go tool pprof -diff_base.");
  }
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());

  // What a dump was asked for; two answers to different questions are not compared.
  std::string question = options.filter.site + "\n" + options.filter.name + "\n" +
                         std::to_string(options.filter.min_age.count()) + (options.full ? " full" : "") +
                         (options.filter.state ? std::string(to_string(*options.filter.state)) : "");
  const RecentDumps::Entry* const then = since ? dumps_.find(static_cast<std::uint64_t>(since)) : nullptr;
  if (since && (!then || then->question != question || options.full)) {
    co_return http::problem(400,
                            "There is no dump of this number to compare with: it is not one of the last 32, "
                            "or was made with other parameters.");
  }
  std::optional<RecentDumps::Entry> before;
  if (then) before = *then;

  // The limit is for what is shown: all groups are compared.
  const std::size_t most_shown = options.filter.limit;
  if (!options.full) options.filter.limit = SIZE_MAX;
  leash::Loop& here = exchange.worker().loop();
  auto seen = co_await dump_tasks(exchange.ctx(), here, options);
  const leash::TimePoint now = here.now();
  const std::uint64_t id =
      options.full ? dumps_.number() : dumps_.remember(std::move(question), now, seen.all, seen.unresponsive);

  std::string text = not_answering(
      seen.unresponsive, before ? "does not answer: what it had then counts as gone" : "does not answer");
  ordered_json json;
  if (before) {
    std::vector<Change> changed = changes(before->dump, seen.all);
    if (changed.size() > most_shown) changed.resize(most_shown);
    const double seconds = std::chrono::duration<double>(now - before->at).count();
    seen.all.entries.clear();
    json = leash::to_json(seen.all);
    json.erase("tasks");
    json["unresponsive_before"] = before->unresponsive;
    text += not_answering(before->unresponsive, "did not answer then: what it has now counts as new");
    json["since"] = since;
    json["seconds"] = seconds;
    json["changes"] = to_json(changed);
    text += "dump " + std::to_string(id) + ": what has changed since dump " + std::to_string(since) + ", " +
            std::to_string(static_cast<long>(seconds)) + " s ago\n" + to_text(changed);
  } else {
    if (seen.all.entries.size() > most_shown) seen.all.entries.resize(most_shown);
    if (format == Format::folded) {
      std::string folded = to_folded(seen.all);
      for (const std::string& name : seen.unresponsive) folded += "loop \"" + name + "\" does not answer 0\n";
      co_return http::text_response(std::move(folded), "text/plain");
    }
    json = leash::to_json(seen.all);
    text += "dump " + std::to_string(id) + ": " + leash::to_text(seen.all);
  }
  json["id"] = id;
  json["unresponsive"] = seen.unresponsive;
  co_return in_format(format, only_leaked ? "leaked tasks" : "tasks", json, text);
}

Task<Result<MaybeResponse>> DebugRoutes::contexts(Exchange& exchange) {
  Parameters parameters(exchange.query(), {"site", "name", "limit", "format"});
  const Format format = format_of(exchange, parameters);
  const leash::TaskFilter filter = filter_of(parameters);
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  auto seen = co_await dump_contexts(exchange.ctx(), exchange.worker().loop());
  std::erase_if(seen.all.groups, [&](const leash::ContextGroup& group) {
    const std::string place = group.site.file + ":" + std::to_string(group.site.line);
    return !filter.admits(place, group.label);
  });
  if (seen.all.groups.size() > filter.limit) seen.all.groups.resize(filter.limit);
  ordered_json json = leash::to_json(seen.all);
  json["unresponsive"] = seen.unresponsive;
  co_return in_format(format, "contexts", json, not_answering(seen.unresponsive) + to_text(seen.all));
}

// Read from memory: no loop is asked, so that none can be missing.
http::Response DebugRoutes::tree(const Exchange& exchange) const {
  Parameters parameters(exchange.query(), {"limit", "format"});
  const Format format = format_of(exchange, parameters);
  const int most = parameters.integer("limit", leash::most_in_tree, 1, leash::most_in_tree);
  if (!parameters.problem().empty()) return http::problem(400, parameters.problem());
  leash::Tree tree = leash::tree_of_process(static_cast<std::size_t>(most));
  const std::string& here = exchange.worker().loop().name();
  std::erase_if(tree.loops, [&](const leash::TreeNode& loop) { return loop.name == here; });
  return in_format(format, "tree", leash::to_json(tree), leash::to_text(tree));
}

Task<Result<MaybeResponse>> DebugRoutes::reap(Exchange& exchange) {
  Parameters parameters(exchange.query(), {"site", "name", "min_age", "limit"});
  leash::TaskFilter filter = filter_of(parameters);
  if (!exchange.query().find("limit")) filter.limit = SIZE_MAX;
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  const auto done = co_await inspector::reap(exchange.ctx(), exchange.worker().loop(), filter);
  exchange.worker().service().log(http::server::LogLevel::info, "reaped",
                                  {{"ended", done.all.ended}, {"waiting", done.all.waiting}});
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("ended", done.all.ended).member("waiting", done.all.waiting);
  json.key("unresponsive").list(done.unresponsive).end_object();
  co_return http::json_response(200, text + "\n");
}

std::vector<Route> DebugRoutes::routes() {
  using enum http::Method;
  const std::string of_tasks = "?site=&name=&state=&min_age=&limit=&full=&since=&format=";
  return {{get, "/debug/tasks", of_tasks, "tasks alive, by their stacks",
           [this](Exchange& exchange) { return tasks(exchange, false); }},
          {get, "/debug/leaks", "", "those that have leaked",
           [this](Exchange& exchange) { return tasks(exchange, true); }},
          {get, "/debug/contexts",
           "?site=&name=&limit=&format=", "contexts that are not done, by the place that made them",
           [this](Exchange& exchange) { return contexts(exchange); }},
          {get, "/debug/tree", "?limit=&format=", "loops, contexts, scopes and tasks, and who waits for whom",
           [this](Exchange& exchange) { return tree(exchange); }},
          {post, "/debug/reap", "?site=&name=&min_age=&limit=", "ends leaked tasks by force",
           [this](Exchange& exchange) { return reap(exchange); }}};
}

}  // namespace inspector
