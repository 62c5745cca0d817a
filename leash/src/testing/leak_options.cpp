// SPDX-License-Identifier: BSL-1.0
#include "leash/leak_options.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "../report/contexts.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/pattern.hpp"
#include "leash/detail/task_record.hpp"

namespace leash {
namespace {

using detail::ContextNode;
using detail::SignalNode;
using detail::TaskRecord;

bool any_matches(const std::vector<std::string>& names, std::string_view text) {
  return std::ranges::any_of(names, [&](const std::string& name) { return detail::matches(name, text); });
}

bool any_calls(const std::vector<std::string>& labels, const ContextNode& node) {
  if (node.kind != ContextNode::Kind::signal) return false;
  const auto& signal = static_cast<const SignalNode&>(node);
  if (!signal.label) return false;
  return any_matches(labels, signal.label) ||
         any_matches(labels, signal.label + (" " + std::to_string(signal.number)));
}

bool is_below(const ContextNode& start, const Context& ctx) {
  const ContextNode* node = &start;
  while (node && node != &ctx.node()) node = node->parent;
  return node != nullptr;
}

}  // namespace

LeakOptions& LeakOptions::ignore_current(const LoopBase& loop) {
  newest_then_[loop.state().id()] = {loop.state().newest_id(), loop.state().newest_maker()};
  return *this;
}
LeakOptions& LeakOptions::ignore_site(std::string part) {
  sites_.push_back(std::move(part));
  return *this;
}
LeakOptions& LeakOptions::ignore_started_by(std::string function) {
  creators_.push_back(std::move(function));
  return *this;
}
LeakOptions& LeakOptions::ignore_top_function(std::string function) {
  top_functions_.push_back(std::move(function));
  return *this;
}
LeakOptions& LeakOptions::ignore_any_function(std::string function) {
  functions_.push_back(std::move(function));
  return *this;
}
LeakOptions& LeakOptions::ignore_name(std::string name) {
  names_.push_back(std::move(name));
  return *this;
}
LeakOptions& LeakOptions::ignore_owner(std::string label) {
  owners_.push_back(std::move(label));
  return *this;
}
LeakOptions& LeakOptions::ignore_owner(const Context& ctx) {
  ancestors_.push_back(std::make_shared<const Context>(ctx));
  return *this;
}
LeakOptions& LeakOptions::only_owner(const Context& ctx) {
  only_below_ = std::make_shared<const Context>(ctx);
  return *this;
}
LeakOptions& LeakOptions::maximum_wait(Duration wait) {
  maximum_wait_ = wait;
  return *this;
}
LeakOptions& LeakOptions::cleanup(std::function<void(int)> f) {
  cleanup_ = std::move(f);
  return *this;
}

void LeakOptions::clean_up(int status) const {
  if (cleanup_) cleanup_(status);
}

bool LeakOptions::leaves_out(const TaskRecord& task) const {
  if (task.running) return true;  // it is the task that checks
  const bool is_ready = static_cast<const detail::Hook<detail::Ready>&>(task).linked();
  if (is_ready && task.loop().in_turn()) return true;  // it could not run yet
  const ContextNode& owner = *task.owner;
  if (only_below_ && !is_below(owner, *only_below_)) return true;
  if (std::ranges::any_of(ancestors_, [&](const auto& ctx) { return is_below(owner, *ctx); })) return true;
  if (!names_.empty() && *task.name() && any_matches(names_, task.name())) return true;
  const detail::Place site = task.loop().place_of(task);
  if (!sites_.empty()) {
    const std::string place = site.file + (":" + std::to_string(site.line));
    if (std::ranges::any_of(sites_, [&](const std::string& part) { return detail::contains(part, place); }))
      return true;
  }
  if (!creators_.empty() && any_matches(creators_, readable_function(site.function))) return true;
  if (!top_functions_.empty() || !functions_.empty()) {
    const auto is_in = [](const std::vector<std::string>& functions, const std::source_location& place) {
      return any_matches(functions, readable_function(place.function_name()));
    };
    detail::Awaits awaits;
    awaits.take(task);
    if (!awaits.places.empty() && is_in(top_functions_, awaits.places.front())) return true;
    if (std::ranges::any_of(awaits.places, [&](const auto& place) { return is_in(functions_, place); }))
      return true;
    for (const auto* frame = task.innermost; frame && !functions_.empty(); frame = frame->parent) {
      if (is_in(functions_, frame->where)) return true;  // also a frame that reports leave out
    }
  }
  if (!owners_.empty()) {
    for (const ContextNode* node = &owner; node; node = node->parent) {
      if (any_calls(owners_, *node)) return true;
    }
  }
  return false;
}

LeakOptions& LeakOptions::ignore_current_coroutines() {
  coroutines_then_ = coroutine_ids();
  return *this;
}

bool LeakOptions::leaves_out(const CoroutineInfo& coroutine) const {
  const std::string place = to_text(coroutine.site);
  if (std::ranges::any_of(sites_, [&](const std::string& part) { return detail::contains(part, place); }))
    return true;
  if (any_matches(names_, coroutine.label) || any_matches(creators_, coroutine.spawned_by)) return true;
  if (!coroutine.owner.empty() && any_matches(owners_, coroutine.owner)) return true;
  if (!coroutine.frames.empty() && any_matches(top_functions_, coroutine.frames.front().function))
    return true;
  return std::ranges::any_of(
      coroutine.frames, [&](const CoroutinePlace& frame) { return any_matches(functions_, frame.function); });
}

std::vector<CoroutineInfo> LeakOptions::find_coroutines(const void* context) const {
  CoroutineFilter filter;
  filter.context = context;
  filter.without = coroutines_then_;
  std::vector<CoroutineInfo> found = coroutines(filter);
  std::erase_if(found, [&](const CoroutineInfo& each) { return leaves_out(each); });
  return found;
}

bool LeakOptions::leaves_out(const detail::Maker& context) const {
  const SignalNode& made = context.made;
  if (only_below_ && !is_below(made, *only_below_)) return true;
  if (std::ranges::any_of(ancestors_, [&](const auto& ctx) { return is_below(made, *ctx); })) return true;
  const std::string place = made.where.file_name() + (":" + std::to_string(made.where.line()));
  if (std::ranges::any_of(sites_, [&](const std::string& part) { return detail::contains(part, place); }))
    return true;
  if (!creators_.empty() && any_matches(creators_, readable_function(made.where.function_name())))
    return true;
  if (!context.label) return false;
  return any_matches(owners_, context.label) ||
         any_matches(owners_, Label(context.label, context.number).text());
}

LeakOptions::Newest LeakOptions::newest_then(const LoopBase& loop) const noexcept {
  const auto then = newest_then_.find(loop.state().id());
  return then == newest_then_.end() ? Newest() : then->second;
}

bool LeakOptions::finds_any(const LoopBase& loop) const {
  bool any = false;
  loop.state().each_task_after(newest_then(loop).task,
                               [&](const TaskRecord& task) { any = any || !leaves_out(task); });
  return any;
}

Dump LeakOptions::find(const LoopBase& loop) const {
  const std::uint64_t after = newest_then(loop).task;
  return detail::take_dump_of(loop,
                              [&](const TaskRecord& task) { return task.id > after && !leaves_out(task); });
}

std::vector<ContextGroup> LeakOptions::find_contexts(const LoopBase& loop) const {
  loop.state().check_thread();
  const std::uint64_t after = newest_then(loop).context;
  return detail::orphaned_contexts(loop.state(), [&](const detail::Maker& context) {
    return context.number_made > after && !leaves_out(context);
  });
}

}  // namespace leash
