// SPDX-License-Identifier: BSL-1.0
#pragma once
// The leak and its cure as source text: what the leaky and the fixed version of a pattern do differently.
//
// What it is     the sources of server/patterns, as they were compiled, are part of the binary. A site of a report, such as
//                "server/patterns/send.cpp:32", is looked up there.
// Guarantees     the diff has only lines of the versions' functions, without comments and what counts tasks for the reply.
// Threads        any.
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
// Null if it is not the source of a pattern.
const PatternSource* find_source(std::string_view file) noexcept;
// Without its indentation; empty if there is no such line. The first line is 1.
std::string_view line_of(const PatternSource& source, unsigned number) noexcept;

struct DiffLine {
  char sign;        // '-' in the leaky version only, '+' in the fixed version only
  unsigned number;  // of the line in its file
  std::string_view text;
};
std::vector<DiffLine> cure(const PatternSource& source);

// For each pattern that has left something in these dumps: the line that started it, the one where it waits, and the cure.
std::string cures_to_text(const leash::Dump& leaked, const leash::ContextDump& contexts);
// {"patterns": [{"pattern": …, "file": …, "lines": […], "cure": [{"sign": "-", "line": 17, "text": …}]}]}
std::string cures_to_json();

}  // namespace server
