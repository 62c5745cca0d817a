// SPDX-License-Identifier: BSL-1.0
#include "client/command/task_list.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "cli/text.hpp"
#include "http/message/json.hpp"

namespace client {
namespace {

using Document = nlohmann::ordered_json;

std::string text_of(const Document& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    return "-";
  return cli::without_control_characters(found->get<std::string>());
}

double number_of(const Document& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? std::clamp(found->get<double>(), 0.0, 1e15) : 0.0;
}

std::uint64_t count_of(const Document& object, const char* key) {
  return static_cast<std::uint64_t>(number_of(object, key));
}

using Place = std::tuple<std::string, std::string, std::string, std::string>;

void add(std::vector<TaskRow>& rows, std::map<Place, std::size_t>& places, const Document& task) {
  TaskRow one;
  one.site = text_of(task, "site");
  one.state = text_of(task, "state");
  one.wait = text_of(task, "wait");
  one.waits_at = text_of(task, "waits_at");
  const auto [place, is_new] =
      places.emplace(Place(one.site, one.state, one.wait, one.waits_at), rows.size());
  if (is_new) rows.push_back(std::move(one));
  TaskRow* const row = &rows[place->second];
  row->count += count_of(task, "count");
  row->bytes += count_of(task, "bytes");
  row->oldest_seconds = std::max(row->oldest_seconds, number_of(task, "oldest_age_seconds"));
}

void sort(std::vector<TaskRow>& rows) {
  std::ranges::stable_sort(rows, [](const TaskRow& a, const TaskRow& b) {
    return a.is_leaked() != b.is_leaked() ? a.is_leaked() : a.count > b.count;
  });
}

std::int64_t difference(std::uint64_t now, std::uint64_t before) {
  return static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before);
}

}  // namespace

std::expected<TaskList, std::string> parse_task_list(std::string_view json) {
  const Document parsed = http::parse_json(json);
  const auto tasks = parsed.is_object() ? parsed.find("tasks") : parsed.end();
  if (!parsed.is_object() || tasks == parsed.end() || !tasks->is_array()) {
    return std::unexpected("the response is not the task list of an inspector");
  }
  TaskList list;
  std::map<Place, std::size_t> places;
  for (const Document& task : *tasks) {
    if (task.is_object()) add(list.rows, places, task);
  }
  sort(list.rows);
  for (const TaskRow& row : list.rows) {
    list.listed += row.count;
    if (row.is_leaked()) list.leaked += row.count;
  }
  list.live = count_of(parsed, "live");
  list.left_out = count_of(parsed, "matched") - std::min(count_of(parsed, "matched"), list.listed);
  if (const auto stuck = parsed.find("unresponsive"); stuck != parsed.end() && stuck->is_array()) {
    for (const Document& loop : *stuck) {
      list.unresponsive.push_back(
          cli::without_control_characters(loop.is_string() ? loop.get<std::string>() : loop.dump()));
    }
  }
  return list;
}

std::uint64_t live_coroutines(std::string_view json) {
  const Document parsed = http::parse_json(json);
  return parsed.is_object() ? count_of(parsed, "live") : 0;
}

void compare(TaskList& now, const TaskList& before) {
  for (TaskRow& row : now.rows) row.change = difference(row.count, 0);
  for (const TaskRow& old : before.rows) {
    auto row = std::ranges::find_if(now.rows, [&](const TaskRow& other) { return other.is_same_place(old); });
    if (row == now.rows.end()) {
      if (old.count == 0) continue;
      row = now.rows.insert(row, old);
      row->count = row->bytes = 0;
      row->oldest_seconds = 0;
    }
    row->change = difference(row->count, old.count);
  }
  sort(now.rows);
  now.live_change = difference(now.live, before.live);
  now.leaked_change = difference(now.leaked, before.leaked);
}

}  // namespace client
