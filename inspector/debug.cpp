// SPDX-License-Identifier: BSL-1.0
#include "inspector/debug.hpp"

#include <fmt/format.h>

#include <chrono>
#include <climits>
#include <optional>
#include <string>
#include <string_view>

#include "http/message/accept.hpp"
#include "http/message/html.hpp"
#include "http/message/json_writer.hpp"
#include "http/message/problem.hpp"
#include "http/server/parameters.hpp"
#include "http/server/worker.hpp"
#include "inspector/inspection.hpp"
#include "inspector/profile/folded.hpp"
#include "leash/src/report/json_text.hpp"
#include "leash/task_filter.hpp"
#include "leash/tree.hpp"
#include "process/process.hpp"

namespace inspector {

using http::JsonWriter;
using http::server::Exchange;
using http::server::MaybeResponse;
using http::server::Parameters;
using http::server::Route;
using leash::Result;
using leash::Task;
using namespace std::chrono_literals;

namespace {

constexpr auto most_age = std::chrono::hours(24 * 365);
constexpr int most_entries = 10'000;
constexpr http::Literal plain_text("text/plain; charset=utf-8");
// The approximate maximum of an answer, because the process may be short of memory.
constexpr std::size_t most_bytes = 4 * 1024 * 1024;

enum class Format { json, text, html, folded };

// The format of ?format=, else the one that the client prefers. Only lists of tasks have folded stacks.
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
  switch (http::preferred(exchange.request().headers, {"application/json", "text/html", "text/plain"})) {
    case 1:
      return Format::html;
    case 2:
      return Format::text;
    default:
      return Format::json;
  }
}

// With the fields that every page has.
http::Response complete(http::Response response) {
  response.headers.add("Vary", "Accept");
  response.headers.add("X-Process-Start-Time", fmt::to_string(process::start_time_seconds()));
  return response;
}
Task<Result<MaybeResponse>> complete(Task<Result<MaybeResponse>> answer) {
  Result<MaybeResponse> response = co_await std::move(answer);
  if (response && *response) *response = complete(*std::move(*response));
  co_return response;
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
          "<a href=\"/debug/leaks\">leaks</a><a href=\"/debug/coroutines\">coroutines</a>"
          "<a href=\"/debug/contexts\">contexts</a>"
          "<a href=\"/debug/tree\">tree</a><a href=\"/metrics\">metrics</a></nav>\n<pre>" +
          http::escape_html(text) + "</pre></body></html>\n",
      "text/html; charset=utf-8");
}

// The answer in this format: `write_json` writes the members of an object, `write_text` appends to a text.
template <class WriteJson, class WriteText>
http::Response in_format(Format format, std::string_view title, const WriteJson& write_json,
                         const WriteText& write_text) {
  std::string body;
  if (format == Format::json) {
    JsonWriter json(body);
    json.begin_object();
    write_json(json);
    json.member("process_start_time_seconds", process::start_time_seconds()).end_object();
    return http::json_response(200, std::move(body += '\n'));
  }
  write_text(body);
  if (body.size() > most_bytes) {
    body.resize(body.rfind('\n', most_bytes) + 1);
    body += "\nthe rest is left out; narrow the query with limit, site or name\n";
  }
  return format == Format::html ? page(title, body) : http::text_response(std::move(body), plain_text);
}

// Appends entry by entry, so that entries beyond the limit are never formatted.
template <class Entries, class Append>
void append_while_it_fits(std::string& text, const Entries& entries, const Append& append) {
  for (const auto& entry : entries) {
    if (text.size() > most_bytes) break;
    append(entry);
  }
}

void append_text(std::string& text, const leash::Dump& dump) {
  leash::Dump numbers;
  numbers.live = dump.live;
  numbers.matched = dump.matched;
  text += leash::to_text(numbers);
  append_while_it_fits(text, dump.entries,
                       [&](const leash::TaskGroup& entry) { (text += '\n') += leash::to_text(entry); });
}

std::string not_answering(const std::vector<std::string>& loops, std::string_view what = "does not answer") {
  std::string text;
  for (const std::string& name : loops) text += fmt::format("loop \"{}\" {}\n", name, what);
  return text;
}

void append_text(std::string& text, const std::vector<Change>& changed) {
  if (changed.empty()) text += "nothing has changed\n";
  append_while_it_fits(text, changed, [&](const Change& change) {
    const bool grew = change.entry.count > change.before;
    const std::size_t by = grew ? change.entry.count - change.before : change.before - change.entry.count;
    text += fmt::format("\n{}{} ({} before, {} now)\n{}", grew ? '+' : '-', by, change.before,
                        change.entry.count, leash::to_text(change.entry.oldest));
  });
}

void append_text(std::string& text, const leash::ContextDump& dump) {
  leash::ContextDump numbers;
  numbers.live = dump.live;
  numbers.held = dump.held;
  numbers.outlived = dump.outlived;
  numbers.complete = dump.complete;
  text += leash::to_text(numbers);
  for (const auto* groups : {&dump.groups, &dump.held_groups}) {
    append_while_it_fits(text, *groups,
                         [&](const leash::ContextGroup& group) { (text += '\n') += leash::to_text(group); });
  }
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
      parameters.fail("/debug/leaks lists leaked tasks only; use /debug/tasks for other states.");
    options.filter.state = leash::TaskState::leaked;
  }
  const int since = parameters.integer("since", 0, 1, INT_MAX);
  if (since && format == Format::folded) {
    parameters.fail("Folded stacks have no since; compare two profiles with go tool pprof -diff_base.");
  }
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());

  // The query of the dump. Dumps of different queries are not compared.
  std::string question =
      fmt::format("{}\n{}\n{}{}{}", options.filter.site, options.filter.name, options.filter.min_age.count(),
                  options.full ? " full" : "", options.filter.state ? to_string(*options.filter.state) : "");
  const RecentDumps::Entry* const then = since ? dumps_.find(static_cast<std::uint64_t>(since)) : nullptr;
  if (since && (!then || then->question != question || options.full)) {
    co_return http::problem(400,
                            "There is no dump of this number to compare with: it is not one of the last 32, "
                            "or was made with other parameters.");
  }
  std::optional<RecentDumps::Entry> before;
  if (then) before = *then;

  // The limit applies to the output only: all groups are compared.
  const std::size_t most_shown = options.filter.limit;
  if (!options.full) options.filter.limit = SIZE_MAX;
  leash::Loop& here = exchange.worker().loop();
  auto seen = co_await dump_tasks(exchange.ctx(), here, options);
  const leash::TimePoint now = here.now();
  const std::uint64_t id =
      options.full ? dumps_.number() : dumps_.remember(std::move(question), now, seen.all, seen.unresponsive);

  const std::string_view title = only_leaked ? "leaked tasks" : "tasks";
  if (before) {
    std::vector<Change> changed = changes(before->dump, seen.all);
    if (changed.size() > most_shown) changed.resize(most_shown);
    const double seconds = std::chrono::duration<double>(now - before->at).count();
    const auto write_json = [&](JsonWriter& json) {
      json.member("schema", 1).member("live", seen.all.live).member("matched", seen.all.matched);
      json.key("unresponsive_before").list(before->unresponsive);
      json.member("since", since).member("seconds", seconds).key("changes").begin_array();
      for (const Change& change : changed) {
        if (json.size() > most_bytes) break;
        append(json, change.entry, change.before);
      }
      json.end_array().member("id", id).key("unresponsive").list(seen.unresponsive);
    };
    const auto write_text = [&](std::string& text) {
      text +=
          not_answering(seen.unresponsive, "does not answer: the tasks it had count as gone") +
          not_answering(before->unresponsive, "did not answer for the earlier dump: its tasks count as new") +
          fmt::format("dump {}: changes since dump {}, {} s ago\n", id, since, static_cast<long>(seconds));
      append_text(text, changed);
    };
    co_return in_format(format, title, write_json, write_text);
  }

  if (seen.all.entries.size() > most_shown) seen.all.entries.resize(most_shown);
  if (format == Format::folded) {
    std::string folded = to_folded(seen.all);
    for (const std::string& name : seen.unresponsive)
      folded += fmt::format("loop \"{}\" does not answer 0\n", name);
    co_return http::text_response(std::move(folded), plain_text);
  }
  const auto write_json = [&](JsonWriter& json) {
    append_members(json, seen.all, most_bytes);
    json.member("id", id).key("unresponsive").list(seen.unresponsive);
  };
  const auto write_text = [&](std::string& text) {
    text += fmt::format("{}dump {}: ", not_answering(seen.unresponsive), id);
    append_text(text, seen.all);
  };
  co_return in_format(format, title, write_json, write_text);
}

Task<Result<MaybeResponse>> DebugRoutes::coroutines(Exchange& exchange) {
  Parameters parameters(exchange.query(), {"site", "state", "min_age", "limit", "format"});
  const Format format = format_of(exchange, parameters, true);
  const leash::TaskFilter wanted = filter_of(parameters);
  leash::CoroutineFilter filter;
  filter.site = wanted.site;
  filter.min_age = wanted.min_age;
  if (const std::string_view state = parameters.text("state", ""); !state.empty()) {
    filter.state = leash::parse_coroutine_state(state);
    if (!filter.state) {
      parameters.fail("This state is unknown; allowed are detached, spawned, stray, owned, orphan, leaked.");
    }
  }
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  CoroutineDump dump = co_await dump_coroutines(std::move(filter));
  if (dump.entries.size() > wanted.limit) dump.entries.resize(wanted.limit);
  if (format == Format::folded) co_return http::text_response(to_folded(dump.entries), plain_text);
  const auto write_json = [&](JsonWriter& json) {
    json.member("schema", 1).member("live", dump.live).member("matched", dump.matched);
    json.key("coroutines").begin_array();
    for (const leash::CoroutineGroup& entry : dump.entries) {
      if (json.size() > most_bytes) break;
      append(json, entry);
    }
    json.end_array();
  };
  const auto write_text = [&](std::string& text) {
    text += fmt::format("{} of {} coroutines\n", dump.matched, dump.live);
    append_while_it_fits(text, dump.entries, [&](const leash::CoroutineGroup& entry) {
      (text += '\n') += leash::to_text(entry);
    });
  };
  co_return in_format(format, "coroutines", write_json, write_text);
}

Task<Result<MaybeResponse>> DebugRoutes::contexts(Exchange& exchange) {
  Parameters parameters(exchange.query(), {"site", "name", "state", "limit", "format"});
  const Format format = format_of(exchange, parameters);
  const leash::TaskFilter filter = filter_of(parameters);
  const std::string_view state = parameters.text("state", "");
  if (!state.empty() && state != "outlived") {
    parameters.fail("This state is unknown; allowed is outlived.");
  }
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  auto seen = co_await dump_contexts(exchange.ctx(), exchange.worker().loop());
  if (!state.empty()) seen.all = leash::only_outlived(std::move(seen.all));
  for (auto* groups : {&seen.all.groups, &seen.all.held_groups}) {
    std::erase_if(*groups, [&](const leash::ContextGroup& group) {
      const std::string place = fmt::format("{}:{}", group.site.file, group.site.line);
      return !filter.admits(place, group.label);
    });
    if (groups->size() > filter.limit) groups->resize(filter.limit);
  }
  const auto write_json = [&](JsonWriter& json) {
    append_members(json, seen.all, most_bytes);
    json.key("unresponsive").list(seen.unresponsive);
  };
  const auto write_text = [&](std::string& text) {
    text += not_answering(seen.unresponsive);
    append_text(text, seen.all);
  };
  co_return in_format(format, "contexts", write_json, write_text);
}

// Read from memory. No loop has to answer, so none is missing.
http::Response DebugRoutes::tree(const Exchange& exchange) const {
  Parameters parameters(exchange.query(), {"limit", "format"});
  const Format format = format_of(exchange, parameters);
  const int most = parameters.integer("limit", leash::most_in_tree, 1, leash::most_in_tree);
  if (!parameters.problem().empty()) return http::problem(400, parameters.problem());
  leash::Tree tree = leash::tree_of_process(static_cast<std::size_t>(most));
  const std::string& here = exchange.worker().loop().name();
  std::erase_if(tree.loops, [&](const leash::TreeNode& loop) { return loop.name == here; });
  return in_format(
      format, "tree", [&](JsonWriter& json) { append_members(json, tree, most_bytes); },
      [&](std::string& text) { text += leash::to_text(tree); });
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
  return {{get, "/debug/tasks", of_tasks, "live tasks, grouped by stack",
           [this](Exchange& exchange) { return complete(tasks(exchange, false)); }},
          {get, "/debug/leaks", "", "leaked tasks, grouped by stack",
           [this](Exchange& exchange) { return complete(tasks(exchange, true)); }},
          {get, "/debug/coroutines",
           "?site=&state=&min_age=&limit=&format=", "live asio::awaitable coroutines, grouped by stack",
           [this](Exchange& exchange) { return complete(coroutines(exchange)); }},
          {get, "/debug/contexts", "?site=&name=&state=&limit=&format=",
           "contexts that are not done, grouped by the line that made them",
           [this](Exchange& exchange) { return complete(contexts(exchange)); }},
          {get, "/debug/tree",
           "?limit=&format=", "loops, contexts, scopes and tasks as a tree, with what each task waits for",
           [this](Exchange& exchange) { return complete(tree(exchange)); }},
          {post, "/debug/reap", "?site=&name=&min_age=&limit=", "ends leaked tasks by force",
           [this](Exchange& exchange) { return reap(exchange); }}};
}

}  // namespace inspector
