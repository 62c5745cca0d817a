// SPDX-License-Identifier: BSL-1.0
#pragma once
// Data that few coroutines have, stored separately from their records: labels, owners and awaited tasks; and the
// functions that were declared as background. Internal.
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

// Found by the id of the root of the chain.
std::optional<Extras> extras_of(std::uint64_t id);
std::vector<std::string> background_functions();

}  // namespace leash::detail
