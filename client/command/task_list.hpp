// SPDX-License-Identifier: BSL-1.0
#pragma once
// A server's tasks, grouped by start location and wait point, from the JSON of /debug/tasks.
//
// Requires       {"tasks":[{"site","state","wait","waits_at","count","oldest_age_seconds","bytes"}],
//                "live":N,"matched":N,"unresponsive":["loop 2"]}; a missing member becomes "-" or 0.
// Guarantees     leaked tasks come first, then the largest rows. Other JSON is an error of one sentence; no text
//                contains control characters.
// Threads        plain values.
//
//   auto list = client::parse_task_list(response.body);
//   if (list) client::compare(*list, previous);   // list->rows[0].change: +3

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace client {

struct TaskRow {
  std::string site = {};
  std::string state = {};
  std::string wait = {};
  std::string waits_at = {};
  std::uint64_t count = 0;
  double oldest_seconds = 0;
  std::uint64_t bytes = 0;
  std::int64_t change = 0;  // of `count` since the previous list

  bool is_leaked() const noexcept { return state == "leaked"; }
  bool is_same_place(const TaskRow& other) const noexcept {
    return site == other.site && state == other.state && wait == other.wait && waits_at == other.waits_at;
  }
};

struct TaskList {
  std::vector<TaskRow> rows = {};
  std::uint64_t live = 0;                      // tasks of all loops, whatever the filter
  std::uint64_t coroutines = 0;                // tracked coroutines; asked for only if no task is live
  std::uint64_t listed = 0;                    // tasks in the rows
  std::uint64_t leaked = 0;                    // leaked tasks in the rows
  std::uint64_t left_out = 0;                  // tasks that match the filter but are beyond the limit
  std::vector<std::string> unresponsive = {};  // loops whose tasks are missing
  std::int64_t live_change = 0;
  std::int64_t leaked_change = 0;
};

std::expected<TaskList, std::string> parse_task_list(std::string_view json);

// `live` of the JSON of /debug/coroutines; 0 if there is none.
std::uint64_t live_coroutines(std::string_view json);

// Fills in the changes since `before`; rows that are gone are added with a count of 0.
void compare(TaskList& now, const TaskList& before);

}  // namespace client
