#include "leash/contexts.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "leash/detail/loop_state.hpp"

namespace leash {
namespace {

using detail::SignalNode;

using Key = std::tuple<std::string, std::uint32_t, std::string, std::string>;
Key key_of(const ContextGroup& group) {
  return {group.site.file, group.site.line, group.site.function, group.label};
}

void add(std::map<Key, ContextGroup>& groups, const ContextGroup& more) {
  const auto [at, is_new] = groups.try_emplace(key_of(more), more);
  if (is_new) return;
  ContextGroup& same = at->second;
  same.count += more.count;
  same.armed += more.armed;
  if (!more.nearest_deadline) return;
  same.nearest_deadline = std::min(same.nearest_deadline.value_or(Duration::max()), *more.nearest_deadline);
  same.farthest_deadline =
      std::max(same.farthest_deadline.value_or(Duration::zero()), *more.farthest_deadline);
}

std::vector<ContextGroup> largest_first(std::map<Key, ContextGroup> groups) {
  std::vector<ContextGroup> sorted;
  for (auto& [key, group] : groups) sorted.push_back(std::move(group));
  std::ranges::stable_sort(sorted, std::ranges::greater(), &ContextGroup::count);
  return sorted;
}

}  // namespace

ContextDump live_contexts(const Loop& loop, std::size_t most) {
  detail::LoopState& state = loop.state();
  state.check_thread();
  ContextDump dump;
  dump.live = state.figures()->contexts_live.get();
  dump.held = state.figures()->contexts_held.get();
  const TimePoint now = state.now();

  std::map<Key, ContextGroup> groups;
  std::size_t visited = 0;
  std::vector<const SignalNode*> ahead{&state.background()};
  while (!ahead.empty()) {
    const SignalNode& node = *ahead.back();
    ahead.pop_back();
    if (&node != &state.background()) {
      if (visited++ == most) {
        dump.complete = false;
        break;
      }
      ContextGroup one;
      one.site = {readable_function(node.where.function_name()), node.where.file_name(), node.where.line()};
      if (node.label) one.label = node.label;
      one.count = 1;
      if (node.armed()) {
        one.armed = 1;
        one.nearest_deadline = one.farthest_deadline = std::max(node.deadline - now, Duration::zero());
      }
      add(groups, one);
    }
    for (auto* hook = node.dependents.front(); hook; hook = node.dependents.next(*hook)) {
      const auto& dependent = static_cast<const detail::Dependent&>(*hook);
      if (dependent.on_done == &SignalNode::parent_done) {
        ahead.push_back(&static_cast<const SignalNode&>(dependent));
      }
    }
  }
  dump.groups = largest_first(std::move(groups));
  return dump;
}

ContextDump merge(const std::vector<ContextDump>& dumps) {
  ContextDump merged;
  std::map<Key, ContextGroup> groups;
  for (const ContextDump& dump : dumps) {
    merged.live += dump.live;
    merged.held += dump.held;
    merged.complete = merged.complete && dump.complete;
    for (const ContextGroup& group : dump.groups) add(groups, group);
  }
  merged.groups = largest_first(std::move(groups));
  return merged;
}

}  // namespace leash
