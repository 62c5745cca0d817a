// SPDX-License-Identifier: BSL-1.0
#pragma once
// The part of the tree of leash/tree.hpp that consists of tracked coroutines. Internal.
//
// What it is     a group of coroutines is a node below the group of its spawner. Spawners are known by their functions.
// Guarantees     each group is in the tree once, also if functions spawn each other.
// Threads        any; the argument is plain data.
//
//   tree.coroutines = leash::outside::coroutine_tree(leash::group_coroutines({}));

#include <cstddef>
#include <vector>

#include "leash/coroutines.hpp"
#include "leash/tree.hpp"

namespace leash::outside {

inline constexpr std::size_t most_levels = 1024;  // of any tree

TreeNode node_of(const CoroutineInfo& coroutine);
std::vector<TreeNode> coroutine_tree(const std::vector<CoroutineGroup>& groups);

}  // namespace leash::outside
