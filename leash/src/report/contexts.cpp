// SPDX-License-Identifier: BSL-1.0
#include "leash/contexts.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "leash/detail/loop_state.hpp"

namespace leash {
namespace {

using detail::SignalNode;

using Key = std::tuple<std::string, std::uint32_t, std::string, std::string>;
Key key_of(const ContextGroup& group) {
  return {group.site.file, group.site.line, group.site.function, group.label};
}

void widen(ContextGroup& group, Duration until_deadline) {
  group.nearest_deadline = std::min(group.nearest_deadline.value_or(Duration::max()), until_deadline);
  group.farthest_deadline = std::max(group.farthest_deadline.value_or(Duration::zero()), until_deadline);
}

void add(std::map<Key, ContextGroup>& groups, const ContextGroup& more) {
  const auto [at, is_new] = groups.try_emplace(key_of(more), more);
  if (is_new) return;
  ContextGroup& same = at->second;
  same.count += more.count;
  same.armed += more.armed;
  if (!more.nearest_deadline) return;
  widen(same, *more.nearest_deadline);
  widen(same, *more.farthest_deadline);
}

struct Place {
  const char* file;
  std::uint32_t line;
  const char* label;
  friend bool operator==(const Place&, const Place&) = default;
};
struct PlaceHash {
  std::size_t operator()(const Place& place) const noexcept {
    return (reinterpret_cast<std::uintptr_t>(place.file) ^ reinterpret_cast<std::uintptr_t>(place.label)) *
               31 +
           place.line;
  }
};

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
  dump.live = state.metrics()->contexts_live.get();
  dump.held = state.metrics()->contexts_held.get();
  const TimePoint now = state.now();

  // By address, which is quick; groups of equal text are made one afterwards.
  std::unordered_map<Place, ContextGroup, PlaceHash> places;
  std::size_t visited = 0;
  const SignalNode* const roots[] = {&state.background(), state.never().get()};  // which are not counted
  std::vector<const SignalNode*> ahead(std::begin(roots), std::end(roots));
  while (!ahead.empty()) {
    const SignalNode& node = *ahead.back();
    ahead.pop_back();
    if (std::ranges::find(roots, &node) == std::end(roots)) {
      if (visited++ == most) {
        dump.complete = false;
        break;
      }
      ContextGroup& group = places[{node.where.file_name(), node.where.line(), node.label}];
      if (group.count++ == 0) {
        group.site = {readable_function(node.where.function_name()), node.where.file_name(),
                      node.where.line()};
        if (node.label) group.label = node.label;
      }
      if (node.armed()) {
        ++group.armed;
        widen(group, std::max(between(now, node.deadline), Duration::zero()));
      }
    }
    for (auto* hook = node.dependents.front(); hook; hook = node.dependents.next(*hook)) {
      const auto& dependent = static_cast<const detail::Dependent&>(*hook);
      if (dependent.on_done == &SignalNode::parent_done) {
        ahead.push_back(&static_cast<const SignalNode&>(dependent));
      }
    }
  }
  std::map<Key, ContextGroup> groups;
  for (auto& [place, group] : places) add(groups, group);
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
