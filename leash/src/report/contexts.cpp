// SPDX-License-Identifier: BSL-1.0
#include "contexts.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "../registry/escape.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/report_text.hpp"

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

// std::nullopt is less than any value.
void add_outlived(ContextGroup& group, const ContextGroup& more) {
  group.outlived += more.outlived;
  if (more.owner_done_for <= group.owner_done_for) return;
  group.owner = more.owner;
  group.owner_done_for = more.owner_done_for;
  group.owner_cause = more.owner_cause;
}

void add(std::map<Key, ContextGroup>& groups, const ContextGroup& more) {
  const auto [at, is_new] = groups.try_emplace(key_of(more), more);
  if (is_new) return;
  ContextGroup& same = at->second;
  same.count += more.count;
  same.armed += more.armed;
  same.done_for = std::max(same.done_for, more.done_for);
  add_outlived(same, more);
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

// Grouped by address, which is fast. Groups with equal text are merged afterwards.
class Groups {
 public:
  ContextGroup& of(const SignalNode& node) {
    ContextGroup& group = places_[{node.where.file_name(), node.where.line(), node.label}];
    if (group.count++ == 0) {
      group.site = {readable_function(node.where.function_name()), node.where.file_name(), node.where.line()};
      if (node.label) group.label = node.label;
    }
    return group;
  }
  std::vector<ContextGroup> sorted() {
    std::map<Key, ContextGroup> groups;
    for (auto& [place, group] : places_) add(groups, group);
    return largest_first(std::move(groups));
  }

 private:
  std::unordered_map<Place, ContextGroup, PlaceHash> places_;
};

void add_outlived(ContextGroup& group, const detail::Maker& maker, TimePoint now) {
  ++group.outlived;
  const Duration since = between(maker.since, now);
  if (group.owner_done_for && since <= *group.owner_done_for) return;
  group.owner_done_for = since;
  group.owner = Label(maker.label, maker.number).text();
  group.owner_cause = maker.cause.message();
}

void add_deadline(ContextGroup& group, const SignalNode& node, TimePoint now) {
  if (!node.armed()) return;
  ++group.armed;
  widen(group, std::max(between(now, node.deadline), Duration::zero()));
}

std::string counted_contexts(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " context" : " contexts");
}

}  // namespace

ContextDump live_contexts(const LoopBase& loop, std::size_t most) {
  detail::LoopState& state = loop.state();
  state.check_thread();
  ContextDump dump;
  dump.live = state.metrics()->contexts_live.get();
  dump.held = state.metrics()->contexts_held.get();
  dump.outlived = state.metrics()->outlived_now();
  const TimePoint now = state.now();

  Groups live;
  std::size_t visited = 0;
  const SignalNode* const roots[] = {&state.background(), state.never().get()};  // these are not counted
  std::vector<const SignalNode*> ahead(std::begin(roots), std::end(roots));
  while (!ahead.empty()) {
    const SignalNode& node = *ahead.back();
    ahead.pop_back();
    if (std::ranges::find(roots, &node) == std::end(roots)) {
      if (visited++ == most) {
        dump.complete = false;
        break;
      }
      ContextGroup& group = live.of(node);
      add_deadline(group, node, now);
      if (node.maker && node.maker->outlived) add_outlived(group, *node.maker, now);
    }
    for (auto* hook = node.dependents.front(); hook; hook = node.dependents.next(*hook)) {
      const auto& dependent = static_cast<const detail::Dependent&>(*hook);
      if (dependent.on_done == &SignalNode::parent_done) {
        ahead.push_back(&static_cast<const SignalNode&>(dependent));
      }
    }
  }
  dump.groups = live.sorted();

  Groups held;
  visited = 0;
  for (auto* hook = state.held().front(); hook; hook = state.held().next(*hook)) {
    if (visited++ == most) {
      dump.complete = false;
      break;
    }
    const auto& node = static_cast<const SignalNode&>(static_cast<const detail::Dependent&>(*hook));
    ContextGroup& group = held.of(node);
    group.done_for =
        std::max(group.done_for, std::optional(std::max(between(node.done_at, now), Duration::zero())));
  }
  dump.held_groups = held.sorted();
  return dump;
}

std::vector<ContextGroup> detail::orphaned_contexts(const LoopState& state,
                                                    const std::function<bool(const Maker&)>& counts) {
  Groups groups;
  const TimePoint now = state.now();
  state.each_orphaned_context([&](const Maker& maker) {
    if (!counts(maker)) return;
    ContextGroup& group = groups.of(maker.made);
    add_deadline(group, maker.made, now);
    add_outlived(group, maker, now);
  });
  return groups.sorted();
}

ContextDump merge(const std::vector<ContextDump>& dumps) {
  ContextDump merged;
  std::map<Key, ContextGroup> groups;
  std::map<Key, ContextGroup> held_groups;
  for (const ContextDump& dump : dumps) {
    merged.live += dump.live;
    merged.held += dump.held;
    merged.outlived += dump.outlived;
    merged.complete = merged.complete && dump.complete;
    for (const ContextGroup& group : dump.groups) add(groups, group);
    for (const ContextGroup& group : dump.held_groups) add(held_groups, group);
  }
  merged.groups = largest_first(std::move(groups));
  merged.held_groups = largest_first(std::move(held_groups));
  return merged;
}

ContextDump only_outlived(ContextDump dump) {
  std::erase_if(dump.groups, [](const ContextGroup& group) { return group.outlived == 0; });
  dump.held_groups.clear();
  return dump;
}

std::string to_text(const ContextGroup& group) {
  using detail::escaped;
  using detail::short_duration;
  const bool one = group.count == 1;
  std::string text = counted_contexts(group.count);
  if (!group.label.empty()) text += " " + detail::quoted(group.label);
  if (group.armed > 0) {
    text += " [" + (group.armed == group.count ? "" : std::to_string(group.armed) + " with a ") +
            "deadline in " + short_duration(*group.nearest_deadline);
    if (group.armed > 1) text += " to " + short_duration(*group.farthest_deadline);
    text += "]";
  }
  if (group.done_for) text += (one ? " done for " : " done for up to ") + short_duration(*group.done_for);
  if (group.outlived > 0) {
    text += group.outlived == group.count ? " " : ", " + std::to_string(group.outlived) + " ";
    text += "outlived: " + (group.owner.empty() ? "the owner" : escaped(group.owner)) + " ended " +
            short_duration(group.owner_done_for.value_or(Duration::zero())) + " ago (" +
            escaped(group.owner_cause) + ")";
  }
  text += "\n";
  detail::append_columns(text, "made at",
                         escaped(group.site.file) + ":" + std::to_string(group.site.line) + " by " +
                             escaped(group.site.function));
  return text;
}

std::string to_text(const ContextDump& dump) {
  const auto are = [](std::size_t count) { return count == 1 ? " that is " : " that are "; };
  std::string text = counted_contexts(dump.live) + are(dump.live) + "not done, " + std::to_string(dump.held) +
                     are(dump.held) + "done but still referenced\n";
  if (dump.outlived > 0) {
    text += counted_contexts(dump.outlived) +
            (dump.outlived == 1 ? " has outlived the owner of the task that made it\n"
                                : " have outlived the owners of the tasks that made them\n");
  }
  if (!dump.complete) text += "the list is incomplete\n";
  for (const ContextGroup& group : dump.groups) text += "\n" + to_text(group);
  for (const ContextGroup& group : dump.held_groups) text += "\n" + to_text(group);
  return text;
}

}  // namespace leash
