// SPDX-License-Identifier: BSL-1.0
// What leash finds of the twelve leak patterns: a line each, the verdicts on the leaky and on the fixed version, separated
// by tabs. Status 1: one was not found, or something was found in a cure.
#include <cstdio>

#include "bench/leak_patterns.hpp"

int main() {
  bool right = true;
  for (const leaks::Pattern& pattern : leaks::patterns) {
    const leaks::Found leaky = leaks::find(pattern.leaky);
    const leaks::Found fixed = leaks::find(pattern.fixed);
    right = right && leaky.any() && !fixed.any();
    std::printf("%s\t%s\t%s\t%s\n", pattern.name, pattern.about, to_text(leaky).c_str(),
                to_text(fixed).c_str());
  }
  return right ? 0 : 1;
}
