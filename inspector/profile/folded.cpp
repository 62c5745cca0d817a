// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile/folded.hpp"

#include <cstddef>
#include <map>
#include <ranges>
#include <string_view>

#include "inspector/profile/stack.hpp"

namespace inspector {
namespace {

void append_one_line(std::string& line, std::string_view text) {
  for (const char c : text) line += c == ';' || static_cast<unsigned char>(c) < ' ' ? ' ' : c;
}

std::string line_of(const std::vector<leash::Frame>& stack) {
  std::string line;
  for (const leash::Frame& frame : std::views::reverse(stack)) {
    if (!line.empty()) line += ';';
    append_one_line(line, frame.function);
    if (frame.file.empty()) continue;
    line += " (";
    append_one_line(line, frame.file);
    line += ":" + std::to_string(frame.line) + ")";
  }
  return line;
}

template <class Entries>
std::string lines_of(const Entries& entries) {
  std::map<std::string, std::size_t> counts;  // entries with the same stack become one line
  for (const auto& entry : entries) counts[line_of(stack_of(entry.oldest))] += entry.count;
  std::string text;
  for (const auto& [line, count] : counts) text += line + " " + std::to_string(count) + "\n";
  return text;
}

}  // namespace

std::string to_folded(const leash::Dump& dump) { return lines_of(dump.entries); }
std::string to_folded(std::span<const leash::CoroutineGroup> coroutines) { return lines_of(coroutines); }

}  // namespace inspector
