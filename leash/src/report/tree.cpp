// SPDX-License-Identifier: BSL-1.0
#include "leash/tree.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "../outside/coroutine_tree.hpp"
#include "../outside/layout.hpp"
#include "../outside/memory.hpp"
#include "../outside/reader.hpp"
#include "../outside/tree_reader.hpp"
#include "../registry/coroutine_look.hpp"
#include "../registry/escape.hpp"
#include "leash/coroutines.hpp"

namespace leash {
namespace {

using Kind = TreeNode::Kind;

std::string place_of(const Frame& place) {
  return detail::escaped(place.file) + ":" + std::to_string(place.line);
}

void append(std::string& text, const TreeNode& node, std::size_t depth) {
  text.append(2 * depth, ' ');
  const std::string kind(to_string(node.kind));
  if (node.count > 1) text += std::to_string(node.count) + " " + kind + "s like ";
  text += kind;
  if (node.kind == Kind::task || node.kind == Kind::coroutine) text += " " + std::to_string(node.id);
  if (!node.name.empty()) text += " " + detail::quoted(node.name);
  if (node.kind == Kind::scope && node.id != 0) text += " of task " + std::to_string(node.id);
  if (!node.state.empty()) text += " " + node.state;
  if (!node.place.file.empty()) {
    text += node.kind == Kind::task        ? ", started at "
            : node.kind == Kind::coroutine ? ", waits at "
                                           : ", made at ";
    text += place_of(node.place);
  }
  if (!node.joins.empty()) {
    text += ", joins";
    constexpr std::size_t most = 10;
    for (std::size_t i = 0; i < std::min(node.joins.size(), most); ++i) {
      text += (i == 0 ? " task " : ", ") + std::to_string(node.joins[i]);
    }
    if (node.joins.size() > most) text += " and " + std::to_string(node.joins.size() - most) + " more";
  }
  text += "\n";
  for (const TreeNode& child : node.children) append(text, child, depth + 1);
}

}  // namespace

std::string_view to_string(TreeNode::Kind kind) noexcept {
  switch (kind) {
    case TreeNode::Kind::loop:
      return "loop";
    case TreeNode::Kind::context:
      return "context";
    case TreeNode::Kind::scope:
      return "scope";
    case TreeNode::Kind::task:
      return "task";
    case TreeNode::Kind::coroutine:
      return "coroutine";
  }
  return "unknown";
}

std::string to_text(const Tree& tree) {
  std::string text;
  for (const std::string& remark : tree.remarks) text += "note: " + remark + "\n";
  for (const Tree::Cycle& cycle : tree.cycles) {
    text += "cycle of waits in loop " + detail::quoted(cycle.loop) + ": task " +
            std::to_string(cycle.tasks.front());
    for (std::size_t i = 1; i <= cycle.tasks.size(); ++i) {
      text += (i == 1 ? " joins task " : ", which joins task ") +
              std::to_string(cycle.tasks[i % cycle.tasks.size()]);
    }
    text += "\n";
  }
  for (const TreeNode& loop : tree.loops) append(text, loop, 0);
  for (const TreeNode& coroutine : tree.coroutines) append(text, coroutine, 0);
  return text;
}

Tree tree_of_process(std::size_t most) {
  outside::ProcessMemory process(::getpid());
  outside::CachedMemory memory(process);
  auto reader = outside::Reader::open(memory, std::bit_cast<std::uintptr_t>(&leash_outside_layout));
  Tree tree;
  if (reader) {
    tree = outside::read_tree(*reader, most, detail::mixed_chains(most));
  } else {
    tree.remarks.push_back(reader.error());
  }
  CoroutineFilter filter;
  filter.without_awaited = true;  // they are below their tasks
  filter.limit = most;
  tree.coroutines = outside::coroutine_tree(group_coroutines(filter));
  return tree;
}

}  // namespace leash
