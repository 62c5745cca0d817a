// SPDX-License-Identifier: BSL-1.0
#pragma once
// A condition that must be true for every input. Otherwise the process aborts, and libFuzzer keeps the input.
//
// Threads        any.
//
//   fuzz::require(step.consumed <= given.size(), "no more is consumed than was given");

#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

#include "http/message/detail/ascii.hpp"

namespace fuzz {

inline void require(bool holds, const char* what, std::source_location at = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: not so: %s\n", at.file_name(), at.line(), what);
  std::abort();
}

// A message for people: one line of printable text.
inline void require_sentence(std::string_view text,
                             std::source_location at = std::source_location::current()) {
  require(!text.empty() && http::detail::is_text(text), "an error is a line of text", at);
}

}  // namespace fuzz
