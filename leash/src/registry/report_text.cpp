// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/report_text.hpp"

#include <algorithm>
#include <cstdio>

namespace leash {

std::string readable_function(std::string_view function) {
  // "leash::Task<void> app::produce(leash::Channel<int>)" and, inside a coroutine on GCC,
  // "void app::produce(app::produce(leash::Channel<int>)::_ZN...Frame*)" are both app::produce.
  int depth = 0;
  std::size_t begin = 0;
  std::size_t end = function.size();
  for (std::size_t i = 0; i < function.size(); ++i) {
    const char c = function[i];
    if (c == '<') ++depth;
    if (c == '>' && i > 0 && function[i - 1] != '-') --depth;
    if (depth != 0) continue;
    if (c == ' ') begin = i + 1;
    if (c == '(') {
      constexpr std::string_view anonymous = "(anonymous namespace)::";
      if (function.substr(i).starts_with(anonymous)) {
        i += anonymous.size() - 1;
        begin = i + 1;
        continue;
      }
      if (function.substr(begin, i - begin).ends_with("operator") && function.substr(i).starts_with("()(")) {
        ++i;  // the name is operator()
        continue;
      }
      end = i;
      break;
    }
  }
  while (begin < end && (function[begin] == '*' || function[begin] == '&')) ++begin;
  std::string name(function.substr(begin, end - begin));
  constexpr std::string_view unnamed = "{anonymous}::";
  if (const std::size_t at = name.find(unnamed); at != std::string::npos) name.erase(0, at + unnamed.size());
  return name;
}

namespace detail {

std::string short_duration(std::chrono::nanoseconds duration) {
  const double seconds = std::max(std::chrono::duration<double>(duration).count(), 0.0);
  char text[32];
  if (seconds < 0.9995) {
    std::snprintf(text, sizeof text, "%.0fms", seconds * 1e3);
  } else if (seconds < 120) {
    std::snprintf(text, sizeof text, "%.1fs", seconds);
  } else if (seconds < 7200) {
    std::snprintf(text, sizeof text, "%.1fm", seconds / 60);
  } else {
    std::snprintf(text, sizeof text, "%.1fh", seconds / 3600);
  }
  return text;
}

std::string short_bytes(std::size_t bytes) {
  char text[32];
  if (bytes < 1024) {
    std::snprintf(text, sizeof text, "%zu B", bytes);
  } else if (bytes < 1024 * 1024) {
    std::snprintf(text, sizeof text, "%.1f KiB", static_cast<double>(bytes) / 1024);
  } else {
    std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1024 * 1024));
  }
  return text;
}

void append_columns(std::string& text, std::string left, const std::string& right) {
  left.resize(std::max<std::size_t>(left.size() + 1, 25), ' ');
  text += left + right + "\n";
}

}  // namespace detail
}  // namespace leash
