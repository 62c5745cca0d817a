// SPDX-License-Identifier: BSL-1.0
#include "leash/context.hpp"

#include <algorithm>
#include <atomic>
#include <new>

#include "leash/detail/loop_state.hpp"

namespace leash {

using detail::ContextNode;
using detail::SignalNode;

std::string Label::text() const {
  if (!name) return {};
  return number ? std::string(name) + " " + std::to_string(number) : name;
}

std::error_code Context::err() const noexcept {
  const SignalNode& signal = *node().signal;
  return signal.done() ? make_error_code(signal.err) : std::error_code{};
}

std::error_code Context::cause() const noexcept {
  const SignalNode& signal = *node().signal;
  return signal.done() ? signal.cause : std::error_code{};
}

bool Context::is_done() const noexcept { return node().signal->done(); }

std::optional<TimePoint> Context::deadline() const noexcept {
  const SignalNode& signal = *node().signal;
  if (!signal.has_deadline()) return std::nullopt;
  return signal.deadline;
}

std::optional<Duration> Context::remaining() const noexcept {
  const SignalNode& signal = *node().signal;
  if (!signal.has_deadline()) return std::nullopt;
  return std::max(between(signal.loop->now(), signal.deadline), Duration::zero());
}

const void* Context::find(const void* key) const noexcept {
  for (const ContextNode* n = node().nearest; n; n = n->nearest_above()) {
    if (n->kind != ContextNode::Kind::value) continue;
    const auto& value = static_cast<const detail::ValueNode&>(*n);
    if (value.key == key) return value.value;
  }
  return nullptr;
}

Label Context::label() const noexcept {
  for (const ContextNode* n = node().nearest; n; n = n->nearest_above()) {
    if (n->kind != ContextNode::Kind::signal) continue;
    const auto& signal = static_cast<const SignalNode&>(*n);
    return Label(signal.label, signal.number, signal.role);
  }
  return {};
}

namespace {

SignalNode& child_of(const Context& parent, const Label& label, std::source_location where) {
  ContextNode& above = parent.node();
  above.signal->loop->check_thread();
  auto& child = *new SignalNode(*above.signal->loop, &above);
  child.deadline = above.signal->deadline;
  child.label = label.name;
  child.number = label.number;
  if (label.name) child.nearest = &child;
  child.where = where;
  if (label.role) child.role = *label.role;
  return child;
}

// A child of a done context is done from the start, with the same error and cause, and is not registered.
void join_parent(SignalNode& child, SignalNode& above, const Label& label) {
  if (above.done()) {
    child.loop->finish(child, above.err, above.cause, true);
  } else {
    detail::LoopState::attach(above, child);
    if (!label.may_outlive) child.loop->watch_maker(child);
  }
}

// The clock is read only once, because reading it is half of the cost of such a context.
Cancelable with_deadline_at(TimePoint now, const Context& parent, TimePoint deadline, std::error_code cause,
                            const Label& label, const std::source_location& where) {
  SignalNode& above = *parent.node().signal;
  SignalNode& child = child_of(parent, label, where);
  Cancelable result{Context(child), Cancel(child)};
  join_parent(child, above, label);
  const bool never = deadline == TimePoint::max();
  if (child.done() || never || above.deadline < deadline) return result;
  child.deadline = deadline;
  if (deadline <= now) {
    child.loop->finish(child, errc::deadline_exceeded,
                       cause ? cause : make_error_code(errc::deadline_exceeded));
  } else if (!child.loop->closing()) {
    child.cause = cause;
    child.loop->add_timer(child, deadline);
  }
  return result;
}

}  // namespace

Cancelable with_cancel(const Context& parent, Label label, std::source_location where) {
  SignalNode& child = child_of(parent, label, where);
  Cancelable result{Context(child), Cancel(child)};
  join_parent(child, *parent.node().signal, label);
  return result;
}

Cancelable with_deadline(const Context& parent, TimePoint deadline, std::error_code cause, Label label,
                         std::source_location where) {
  return with_deadline_at(parent.node().signal->loop->now(), parent, deadline, cause, label, where);
}

Cancelable with_timeout(const Context& parent, Duration timeout, std::error_code cause, Label label,
                        std::source_location where) {
  const TimePoint now = parent.node().signal->loop->now();
  return with_deadline_at(now, parent, later(now, timeout), cause, label, where);
}

Context without_cancel(const Context& parent) {
  ContextNode& above = parent.node();
  above.signal->loop->check_thread();
  const detail::Ref<SignalNode> never = above.signal->loop->never();
  return Context(*new detail::DetachedNode(&above, never.get()));
}

Cancel& Cancel::operator=(Cancel&& other) noexcept {
  if (this != &other) {
    if (node_) (*this)(errc::finished);
    node_ = std::move(other.node_);
  }
  return *this;
}

Cancel::~Cancel() {
  if (node_) (*this)(errc::finished);
}

void Cancel::operator()(std::error_code cause) noexcept {
  check(static_cast<bool>(node_), "Cancel used after it was moved from");
  node_->loop->finish(*node_, errc::canceled, cause ? cause : make_error_code(errc::canceled));
}

// It is notified of the end of the context, and keeps itself alive until then or until its last handle is dropped. Only
// the loop's thread uses `node` and `self`.
struct RemoteCancel::State final : detail::Dependent, detail::LoopRemote::Waker {
  explicit State(SignalNode& n) noexcept
      : Dependent([](Dependent& dependent) noexcept {
          auto& state = static_cast<State&>(dependent);
          state.remote->has_had_its_effect(state);
          state.let_go();
        }),
        remote(n.loop->remote()),
        node(&n) {}
  void let_go() noexcept override {
    unlink();
    node = nullptr;
    self.reset();
  }
  const std::shared_ptr<detail::LoopRemote> remote;
  SignalNode* node;  // null: the context is done, or cannot be canceled from here any more
  std::shared_ptr<State> self;
  std::atomic<bool> called{false};  // only the first call counts
  std::error_code cause;            // of that one
};

// Shared by all copies of a handle.
struct RemoteCancel::Handle {
  explicit Handle(std::shared_ptr<State> s) noexcept : state(std::move(s)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    const auto remote = state->remote;
    remote->drop(std::move(state));
  }
  std::shared_ptr<State> state;
};

RemoteCancel Cancel::remote() const {
  check(static_cast<bool>(node_), "Cancel used after it was moved from");
  node_->loop->remote()->let_go_of_dropped();  // otherwise they would accumulate during this turn
  auto handle = std::make_shared<RemoteCancel::Handle>(std::make_shared<RemoteCancel::State>(*node_));
  RemoteCancel::State& state = *handle->state;
  if (node_->done()) {
    state.node = nullptr;
  } else {
    state.self = handle->state;
    state.remote->add(state, node_->loop->metrics()->live_tasks.get() != 0);
    detail::LoopState::attach(*node_, state);
  }
  return RemoteCancel(std::move(handle));
}

void RemoteCancel::operator()(std::error_code cause) const {
  check(handle_ != nullptr, "RemoteCancel used after it was moved from");
  const std::shared_ptr<State>& state = handle_->state;
  if (state->called.exchange(true)) return;
  try {
    // The handle is kept until the function has run, because it can still wake a task.
    state->cause = cause ? cause : make_error_code(errc::canceled);
    state->remote->post([handle = handle_] {
      const State& called = *handle->state;
      if (called.node) called.node->loop->finish(*called.node, errc::canceled, called.cause);
    });
  } catch (const std::bad_alloc&) {
    state->called = false;  // the caller may try again
    throw;
  }
}

}  // namespace leash
