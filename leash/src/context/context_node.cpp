// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/context_node.hpp"

#include <utility>

#include "leash/detail/loop_state.hpp"
#include "leash/error.hpp"

namespace leash::detail {

static_assert(sizeof(SignalNode) <= 160, "a context takes a larger block of the pool");

void ContextNode::release() noexcept {
  if (--refs != 0) return;
  ContextNode* node = this;
  do {
    ContextNode* const above = node->parent;
    switch (node->kind) {
      case Kind::signal:
        delete static_cast<SignalNode*>(node);
        break;
      case Kind::value: {
        auto& with_value = static_cast<ValueNode&>(*node);
        with_value.destroy(with_value);
        break;
      }
      case Kind::detached:
        delete static_cast<DetachedNode*>(node);
        break;
    }
    node = above;
  } while (node && --node->refs == 0);
}

SignalNode::SignalNode(LoopState& state, ContextNode* node_parent) noexcept
    : ContextNode(Kind::signal, node_parent, this),
      Dependent(&SignalNode::parent_done),
      Timer(&SignalNode::deadline_passed),
      loop(&state) {
  loop->retain();
  loop->metrics()->contexts_live.add();
}

SignalNode::~SignalNode() {
  loop->remove_timer(*this);
  loop->forget_maker(*this);
  if (reported) (done() ? loop->metrics()->contexts_held : loop->metrics()->contexts_live).subtract();
  loop->release();
}

// They are done before any task is notified.
void SignalNode::parent_done(Dependent&) noexcept { fail("a context was told of its parent's end twice"); }

void SignalNode::deadline_passed(Timer& timer) noexcept {
  auto& node = static_cast<SignalNode&>(timer);
  const std::error_code cause = node.cause ? node.cause : make_error_code(errc::deadline_exceeded);
  node.loop->finish(node, errc::deadline_exceeded, cause);
}

bool nothing_remains(SignalNode& node) noexcept {
  if (node.done()) return true;
  if (!node.has_deadline() || node.deadline > node.loop->now()) return false;
  // The deadline may belong to a node above, which has the timer. Equal deadlines fire in order.
  SignalNode* whose = &node;
  for (ContextNode* above = node.parent; above; above = above->parent) {
    SignalNode& signal = *above->signal;
    if (signal.deadline == node.deadline && signal.armed()) whose = &signal;
    if (above->kind == ContextNode::Kind::detached) break;
  }
  SignalNode::deadline_passed(*whose);
  return true;
}

static Cause cause_of(const std::error_code& cause) noexcept {
  if (cause.category() != error_category()) return Cause::other;
  switch (static_cast<errc>(cause.value())) {
    case errc::finished:
      return Cause::finished;
    case errc::canceled:
      return Cause::canceled;
    case errc::disconnected:
      return Cause::disconnected;
    case errc::shutdown:
      return Cause::shutdown;
    default:
      return Cause::other;
  }
}

void LoopState::finish(SignalNode& node, errc err, std::error_code cause, bool inherited) noexcept {
  if (node.done()) return;
  check_thread();
  // If the end is reported, latencies are measured from it; otherwise a coarse reading of the clock is enough.
  const TimePoint at = node.dependents.empty() ? coarse_now() : now();
  const auto mark = [&](SignalNode& marked) {
    remove_timer(marked);
    forget_maker(marked);
    marked.err = err;
    marked.cause = cause;
    marked.done_at = at;
    if (marked.reported) {
      metrics_->contexts_live.subtract();
      metrics_->contexts_held.add();
    }
  };
  const auto count = [&](Cause why) { metrics_->contexts_done[static_cast<std::size_t>(why)].add(); };

  static_cast<Hook<Dependent>&>(node).unlink();
  mark(node);
  if (node.reported) {
    count(inherited ? Cause::parent : err == errc::deadline_exceeded ? Cause::deadline : cause_of(cause));
  }
  if (node.dependents.empty()) {
    if (node.reported) held_.push_back(node);
    return;
  }

  // The whole subtree is done before any task is notified.
  List<Dependent> subtree;
  subtree.push_back(node);
  node.retain();
  for (auto* hook = subtree.front(); hook; hook = subtree.next(*hook)) {
    auto& parent = static_cast<SignalNode&>(static_cast<Dependent&>(*hook));
    for (auto* next = parent.dependents.front(); next;) {
      auto& dependent = static_cast<Dependent&>(*next);
      next = parent.dependents.next(*next);
      if (dependent.on_done != &SignalNode::parent_done) continue;
      auto& child = static_cast<SignalNode&>(dependent);
      child.Hook<Dependent>::unlink();
      subtree.push_back(child);
      child.retain();
      mark(child);
      if (child.reported) count(Cause::parent);
    }
  }

  const bool nested = std::exchange(finishing_, true);
  while (auto* hook = subtree.front()) {
    hook->unlink();
    auto& done = static_cast<SignalNode&>(static_cast<Dependent&>(*hook));
    while (auto* waiting = done.dependents.front()) {
      waiting->unlink();
      auto& dependent = static_cast<Dependent&>(*waiting);
      dependent.on_done(dependent);
    }
    if (done.reported) held_.push_back(done);
    done.release();
  }
  finishing_ = nested;
}

}  // namespace leash::detail
