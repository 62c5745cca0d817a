#pragma once
// A server's tasks as a table, out of the JSON of its /debug/tasks.
//
// Requires
// {"tasks":[{"site","function","wait","state","role","count","oldest_age_seconds","bytes","waits_at"}],
//                "live":N,"unresponsive":["loop 2"]}; what is missing shows as "-".
// Guarantees     leaked tasks first, then the largest groups. Anything but such JSON is an error, one
//                sentence; what the server sent is printed without control characters.
// Threads        any.
//
//   auto table = client::task_table(response.body, {.width = 100, .color = true});
//   if (table) std::cout << *table;

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace client {

struct TableStyle {
  std::size_t width = 100;  // long places are shortened at their front to fit, down to 80
  bool color = false;
};

std::expected<std::string, std::string> task_table(std::string_view json, TableStyle style);

}  // namespace client
