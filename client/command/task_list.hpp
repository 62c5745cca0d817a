// SPDX-License-Identifier: BSL-1.0
#pragma once
// A server's tasks by where they were started and where they wait, out of the JSON of its /debug/tasks.
//
// Requires       {"tasks":[{"site","state","wait","waits_at","count","oldest_age_seconds","bytes"}],
//                "live":N,"matched":N,"unresponsive":["loop 2"]}; what is missing becomes "-" or 0.
// Guarantees     leaked tasks first, then the largest rows. Anything but such JSON is an error, one sentence;
//                no text has control characters.
// Threads        plain values.
//
//   auto list = client::parse_task_list(response.body);
//   if (list) client::compare(*list, the_last_one);   // list->rows[0].change: +3

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
  std::int64_t change = 0;  // of the count

  bool is_leaked() const noexcept { return state == "leaked"; }
  bool is_same_place(const TaskRow& other) const noexcept {
    return site == other.site && state == other.state && wait == other.wait && waits_at == other.waits_at;
  }
};

struct TaskList {
  std::vector<TaskRow> rows = {};
  std::uint64_t live = 0;                      // of all the server's loops, whatever was asked for
  std::uint64_t listed = 0;                    // in the rows
  std::uint64_t leaked = 0;                    // likewise
  std::uint64_t left_out = 0;                  // they match, but are beyond the limit
  std::vector<std::string> unresponsive = {};  // loops whose tasks are not in it
  double process_started = 0;                  // seconds since 1970; 0: not told
  std::int64_t live_change = 0;
  std::int64_t leaked_change = 0;
};

std::expected<TaskList, std::string> parse_task_list(std::string_view json);

// Both tell when their process started, and it is not the same one.
bool is_other_process(const TaskList& now, const TaskList& before) noexcept;

// What has changed since `before`; rows that have gone are added with a count of 0.
void compare(TaskList& now, const TaskList& before);

}  // namespace client
