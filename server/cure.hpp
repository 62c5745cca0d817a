// SPDX-License-Identifier: BSL-1.0
#pragma once
// The leak and its cure as source text: the difference between a pattern's leaky and fixed version.
//
// What it is     the sources of server/patterns, as compiled, are embedded in the binary. The site in a report, such as
//                "server/patterns/send.cpp:32", is looked up there.
// Guarantees     the diff contains only lines of the versions' functions, without comments and without the lines that
//                count tasks for the reply.
//
//   const server::PatternSource& source = *server::find_source("server/patterns/send.cpp");
//   for (const server::DiffLine& line : server::cure(source)) std::cout << line.sign << line.text << "\n";

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "leash/contexts.hpp"
#include "leash/dump.hpp"

namespace server {

struct PatternSource {
  std::string_view pattern;  // "send"
  std::string_view file;     // "server/patterns/send.cpp"
  std::string_view text;
};

std::span<const PatternSource> pattern_sources() noexcept;
// Null if the file is not the source of a pattern.
const PatternSource* find_source(std::string_view file) noexcept;
// The text of the line without its indentation; empty if there is no such line. The first line is 1.
std::string_view line_of(const PatternSource& source, unsigned number) noexcept;

struct DiffLine {
  char sign;        // '-' in the leaky version only, '+' in the fixed version only
  unsigned number;  // line number in the file
  std::string_view text;
};
std::vector<DiffLine> cure(const PatternSource& source);

// For each pattern with leaks in these dumps: the line that started the task, the line where it waits, and the cure.
std::string cures_to_text(const leash::Dump& leaked, const leash::ContextDump& contexts);
// {"patterns": [{"pattern": …, "file": …, "lines": […], "cure": [{"sign": "-", "line": 17, "text": …}]}]}
std::string cures_to_json();

}  // namespace server
