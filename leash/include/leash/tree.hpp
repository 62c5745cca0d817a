// SPDX-License-Identifier: BSL-1.0
#pragma once
// Loops, contexts, scopes and tasks as a tree, with the tasks that each task joins.
//
// What it is     a picture of the whole process. A scope appears as the context of its tasks. Similar tasks of one context
//                that hold nothing are one node. A tracked coroutine awaited by a task is a node below that task; a
//                coroutine that awaits a task is named there (in this process only). The other tracked coroutines are a
//                tree of their own: similar ones are one node, below the function that spawned them. Cycles of tasks that wait for each
//                other are listed: none of them can ever go on.
// Guarantees     read from memory through the kernel, as `leash-client ps` does: works while loops are stuck, and neither
//                asks nor waits for a loop. At most `most` tasks and as many contexts; remarks say what is left out.
// Threads        any.
// Lifetime       the result is plain data and may outlive the loops.
//
//   const leash::Tree tree = leash::tree_of_process();
//   std::cout << leash::to_text(tree);

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "leash/snapshot.hpp"

namespace leash {

struct TreeNode {
  enum class Kind : std::uint8_t { loop, context, scope, task, coroutine };

  Kind kind = Kind::loop;
  std::size_t count = 1;  ///< number of similar tasks or coroutines
  /// The ID of a task (unique in its loop), of a coroutine, or of the task that holds a scope; 0: none.
  std::uint64_t id = 0;
  std::string name;  ///< the loop's, the context's label, the task's, the coroutine's function; may be empty
  /// "[chan receive, 3.2s] leaked"; of a context, "done 3.1s ago (client disconnected)", or its own deadline and whether it
  /// has outlived the owner of the task that made it; may be empty
  std::string state;
  Frame place;                       ///< where it was made or started; a coroutine: where it waits
  std::vector<std::uint64_t> joins;  ///< a task or a coroutine: the tasks that it waits for
  std::vector<TreeNode> children;
};
std::string_view to_string(TreeNode::Kind kind) noexcept;

struct Tree {
  struct Cycle {
    std::string loop;
    std::vector<std::uint64_t> tasks;  ///< each joins the next one, and the last one the first
  };
  std::vector<TreeNode> loops;
  std::vector<TreeNode> coroutines;  ///< whose spawner has ended, or was none
  std::vector<Cycle> cycles;
  std::vector<std::string> remarks;  ///< what could not be read, or was left out
};

inline constexpr std::size_t most_in_tree = 10'000;

Tree tree_of_process(std::size_t most = most_in_tree);

/// Ends with a newline.
std::string to_text(const Tree& tree);

}  // namespace leash
