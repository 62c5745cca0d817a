// SPDX-License-Identifier: BSL-1.0
#pragma once
// The contexts that are not done although the owner of the task that made them is, for leak checks. Internal.

#include <functional>
#include <vector>

#include "leash/contexts.hpp"
#include "leash/detail/context_node.hpp"

namespace leash::detail {

class LoopState;

// Grouped like live_contexts(), each counted as outlived, whatever the loop's grace. The loop's thread.
std::vector<ContextGroup> orphaned_contexts(const LoopState& state,
                                            const std::function<bool(const Maker&)>& counts);

}  // namespace leash::detail
