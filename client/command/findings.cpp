// SPDX-License-Identifier: BSL-1.0
#include "client/command/findings.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "http/message/json.hpp"
#include "units/number.hpp"

namespace client {
namespace {

using Json = nlohmann::ordered_json;

constexpr int most_stacks = 10'000;  // what the server allows

leash::Task<std::expected<Json, AdminFailure>> ask(leash::Context ctx, Admin& admin,
                                                   const AdminOptions& options, std::string path) {
  const auto answer = co_await admin.ask(ctx, "GET", std::move(path));
  if (!answer) co_return std::unexpected(answer.error());
  Json json = http::parse_json(*answer);
  if (!json.is_object())
    co_return std::unexpected(not_understood(options, "the response is not that of an inspector"));
  co_return std::move(json);
}

std::uint64_t number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// The sum of `key` over the entries of a list for which `counts` is true.
template <class Counts>
std::uint64_t sum(const Json& answer, const char* list, const char* key, Counts counts) {
  std::uint64_t all = 0;
  const auto entries = answer.find(list);
  if (entries == answer.end() || !entries->is_array()) return all;
  for (const Json& entry : *entries) {
    if (entry.is_object() && counts(entry)) all += number(entry, key);
  }
  return all;
}

bool is_leaked(const Json& task) { return task.value("state", Json()) == "leaked"; }
bool is_only_stranded(const Json& task) { return task.value("stranded", Json()) == true && !is_leaked(task); }

// "/debug/tasks?site=...&format=json&state=leaked"
std::string path(std::string_view route, const TaskFilter& filter, std::string_view state = {}) {
  const std::string query = to_query(filter);
  std::string text = fmt::format("{}{}{}format=json", route, query, query.empty() ? '?' : '&');
  if (!state.empty()) text += fmt::format("&state={}", state);
  return text;
}

}  // namespace

leash::Task<std::expected<Findings, AdminFailure>> find_leaks(leash::Context ctx, Admin& admin,
                                                              const AdminOptions& options,
                                                              const TaskFilter& filter, Sought sought) {
  Findings found;
  if (sought.tasks) {
    TaskFilter of_tasks = filter;
    of_tasks.state.clear();
    of_tasks.limit = most_stacks;
    const auto tasks = co_await ask(ctx, admin, options, path("/debug/tasks", of_tasks));
    if (!tasks) co_return std::unexpected(tasks.error());
    found.leaked = sum(*tasks, "tasks", "count", is_leaked);
    found.stranded = sum(*tasks, "tasks", "count", is_only_stranded);
  }
  if (sought.contexts) {
    TaskFilter of_contexts;
    of_contexts.site = filter.site;
    of_contexts.name = filter.name;
    const auto contexts = co_await ask(ctx, admin, options, path("/debug/contexts", of_contexts, "outlived"));
    if (!contexts) co_return std::unexpected(contexts.error());
    found.outlived = sum(*contexts, "contexts", "outlived", [](const Json&) { return true; });
  }
  if (!filter.name.empty()) co_return found;  // coroutines have no names
  TaskFilter of_coroutines;
  of_coroutines.site = filter.site;
  of_coroutines.min_age = filter.min_age;
  if (sought.coroutines) {
    const auto leaked = co_await ask(ctx, admin, options, path("/debug/coroutines", of_coroutines, "leaked"));
    if (!leaked) co_return std::unexpected(leaked.error());
    found.leaked_coroutines = number(*leaked, "matched");
  }
  if (sought.stray_coroutines) {
    const auto stray = co_await ask(ctx, admin, options, path("/debug/coroutines", of_coroutines, "stray"));
    if (!stray) co_return std::unexpected(stray.error());
    found.stray = number(*stray, "matched");
  }
  co_return found;
}

std::string to_text(const Findings& findings) {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view noun, std::string_view finding) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", units::counted(count, noun), finding);
  };
  add(findings.leaked, "task", "leaked");
  add(findings.stranded, "task", "stranded");
  add(findings.outlived, "context", "outlived");
  add(findings.leaked_coroutines, "coroutine", "leaked");
  add(findings.stray, "coroutine", "stray");
  return text;
}

}  // namespace client
