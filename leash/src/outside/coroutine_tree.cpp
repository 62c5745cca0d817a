// SPDX-License-Identifier: BSL-1.0
#include "coroutine_tree.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "../registry/coroutine_look.hpp"
#include "../registry/escape.hpp"

namespace leash::outside {
namespace {

// The spawners of coroutines are known by their functions: a group has one id only, that of its oldest.
class CoroutineTree {
 public:
  explicit CoroutineTree(const std::vector<CoroutineGroup>& groups)
      : groups_(groups), placed_(groups.size()) {
    std::set<std::string_view> functions;
    for (const CoroutineGroup& group : groups) functions.insert(group.oldest.site.function);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const CoroutineInfo& coroutine = groups[i].oldest;
      if (coroutine.spawner != 0 && !coroutine.spawner_ended && functions.contains(coroutine.spawned_by)) {
        spawned_.emplace(coroutine.spawned_by, i);
      } else {
        roots_.push_back(i);
      }
    }
  }

  std::vector<TreeNode> read() {
    std::vector<TreeNode> nodes;
    for (const std::size_t root : roots_) nodes.push_back(node_of_group(root));
    for (const auto& [function, group] : spawned_) {  // functions that spawn each other
      if (!placed_[group]) nodes.push_back(node_of_group(group));
    }
    return nodes;
  }

 private:
  TreeNode node_of_group(std::size_t group) {
    placed_[group] = true;
    const CoroutineInfo& coroutine = groups_[group].oldest;
    TreeNode node = outside::node_of(coroutine);
    node.count = groups_[group].count;
    node.state += " " + std::string(to_string(coroutine.state));
    if (!coroutine.owner.empty()) node.state += " by " + detail::escaped(coroutine.owner);
    if (coroutine.spawner_ended)
      node.state += ", spawned by " + detail::escaped(coroutine.spawned_by) + " which has ended";
    if (depth_ == most_levels) return node;
    ++depth_;
    const auto [first, last] = spawned_.equal_range(coroutine.site.function);
    for (auto below = first; below != last; ++below) {
      if (!placed_[below->second]) node.children.push_back(node_of_group(below->second));
    }
    --depth_;
    return node;
  }

  const std::vector<CoroutineGroup>& groups_;
  std::vector<bool> placed_;
  std::vector<std::size_t> roots_;
  std::multimap<std::string_view, std::size_t> spawned_;  // by the spawner's function
  std::size_t depth_ = 0;
};

}  // namespace

TreeNode node_of(const CoroutineInfo& coroutine) {
  TreeNode node;
  node.kind = TreeNode::Kind::coroutine;
  node.id = coroutine.id;
  node.name = coroutine.site.function;
  node.state = detail::wait_text(coroutine);
  if (!coroutine.frames.empty()) {
    const CoroutinePlace& at = coroutine.frames.front();
    node.place = {at.function, at.file, at.line};
  }
  if (coroutine.awaits_task != 0) node.joins.push_back(coroutine.awaits_task);
  return node;
}

std::vector<TreeNode> coroutine_tree(const std::vector<CoroutineGroup>& groups) {
  return CoroutineTree(groups).read();
}

}  // namespace leash::outside
