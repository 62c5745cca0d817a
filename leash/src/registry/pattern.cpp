// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/pattern.hpp"

#include <cstddef>

namespace leash::detail {
namespace {

bool is_pattern(std::string_view text) noexcept { return text.find_first_of("*?") != std::string_view::npos; }

// After a mismatch, only the last * takes one more character. This is linear except for the worst patterns.
bool meets(std::string_view pattern, std::string_view text) noexcept {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t p = 0, star = none, resume = 0;
  for (std::size_t t = 0; t < text.size();) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != none) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == none;
}

}  // namespace

bool matches(std::string_view name, std::string_view text) noexcept {
  return is_pattern(name) ? meets(name, text) : name == text;
}

bool contains(std::string_view part, std::string_view text) noexcept {
  return is_pattern(part) ? meets(part, text) : text.find(part) != std::string_view::npos;
}

}  // namespace leash::detail
