// SPDX-License-Identifier: BSL-1.0
#pragma once
// What few coroutines have, kept apart from their records: labels, owners, tasks that they await; and which functions are declared background
// ones. Internal.
//
// Threads        any.
//
//   if (const auto extras = extras_of(id)) text += extras->label;

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "leash/detail/awaited_task.hpp"
#include "leash/detail/owner_state.hpp"

namespace leash::detail {

struct Extras {
  std::string label;
  Ownership ownership;
  AwaitedTask awaits;
};

// By the id of the root of its chain.
std::optional<Extras> extras_of(std::uint64_t id);
std::vector<std::string> background_functions();

}  // namespace leash::detail
