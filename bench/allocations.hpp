// SPDX-License-Identifier: BSL-1.0
#pragma once
// How often memory was asked for: calls of operator new, which this program replaces, and blocks that the
// frame pool took from the operating system.

#include <cstddef>

namespace leash::bench {

std::size_t allocations() noexcept;

}  // namespace leash::bench
