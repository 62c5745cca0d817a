// SPDX-License-Identifier: BSL-1.0
#pragma once
// Request contexts: a tree that carries cancellation, a deadline, a cause and values (Go: package context).
//
// What it is     Context is a counted handle of a node; a task can observe it but not cancel it. Only the holder of
//                the Cancel can cancel, and Cancel cancels when it is destroyed.
// Requires       a Loop, whose Loop::background() is the root.
// Guarantees     Go's semantics: when cancel returns, the whole subtree is done; the first cause wins; canceling a
//                child does not touch its parent; a child of a done context is done from the start. A deadline never
//                passes early. Tasks that wait for a context resume after the call that ended it: those that wait for the
//                parent before those that wait for its children, otherwise in the order in which the waits began.
// Threads        the loop's thread; other threads use RemoteCancel.
// Misuse         a call from another thread, and using a moved-from Context, Cancel or RemoteCancel, end the process
//                with a message.
// Lifetime       handles may outlive the loop; they are done and inert then.
//
//   auto [ctx, cancel] = leash::with_timeout(parent, 500ms);
//   auto n = co_await socket.async_read_some(buffer, leash::via(ctx));
//   if (!n && n.error() == leash::errc::deadline_exceeded) co_return;
//   // cancel goes out of scope: ctx is done, and its timer and node are released

#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "leash/clock.hpp"
#include "leash/detail/context_node.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"

namespace leash {

/// The key of a context value: a type with a member `type`, the type of the value.
///   struct TraceId { using type = std::string; };
template <class K>
concept ContextKey = requires {
  typename K::type;
}
&&std::is_object_v<typename K::type>;

/// The name of a context in reports ("request 918"), and the role of the tasks below it. `name` must have static
/// lifetime (a literal).
struct Label {
  Label() noexcept = default;
  explicit Label(const char* what, std::uint64_t n = 0) noexcept : name(what), number(n) {}
  Label(const char* what, std::uint64_t n, Role whose) noexcept : name(what), number(n), role(whose) {}
  const char* name = nullptr;
  std::uint64_t number = 0;
  std::optional<Role> role;  ///< inherited if empty
  /// The context is meant to outlive the owner of the task that makes it, like that of a pooled connection: it does not
  /// count as outlived (leash/contexts.hpp).
  bool may_outlive = false;
  std::string text() const;  ///< "request 918"; empty without a name
  Label outliving() const noexcept {
    Label same = *this;
    same.may_outlive = true;
    return same;
  }
};

class Context {
 public:
  Context(const Context&) noexcept = default;
  Context(Context&&) noexcept = default;
  Context& operator=(const Context&) noexcept = default;
  Context& operator=(Context&&) noexcept = default;

  /// Empty until the context is done; then errc::canceled or errc::deadline_exceeded (Go: Err). A deadline that has
  /// passed ends the context in the turn of its timer, or when a wait under it fails because of it, whichever is
  /// first; until then err() is empty although remaining() is zero.
  std::error_code err() const noexcept;
  /// The first cause given to a cancel, else err() (Go: Cause).
  std::error_code cause() const noexcept;
  bool is_done() const noexcept;

  std::optional<TimePoint> deadline() const noexcept;
  /// Time until the deadline, never negative; empty without a deadline.
  std::optional<Duration> remaining() const noexcept;

  /// The value of the nearest context that has the key; nullptr if there is none (Go: Value).
  template <ContextKey Key>
  const typename Key::type* value() const noexcept {
    return static_cast<const typename Key::type*>(find(detail::key_of<Key>()));
  }

  /// Awaitable, also as a case of select: completes when the context is done (Go: <-ctx.Done()).
  auto done() const noexcept { return detail::Await<detail::ContextCase>(node()); }

  /// The label of the nearest labeled context; its name is null if there is none.
  Label label() const noexcept;

  detail::ContextNode& node() const noexcept {
    check(static_cast<bool>(node_),
          "a Context that was moved from or destroyed was used: take it by value in coroutines, because the "
          "object behind a "
          "`const Context&` may be destroyed before the coroutine ends");
    return *node_;
  }
  explicit Context(detail::ContextNode& node) noexcept : node_(&node) {}

 private:
  const void* find(const void* key) const noexcept;
  detail::Ref<detail::ContextNode> node_;
};

/// Cancels from any thread: the cancellation is posted to the loop, so the context is done a turn later. Only the
/// first call of a handle and its copies has an effect. Copyable; it may outlive the context, the loop and the
/// io_context, and does nothing then. As long as one exists and its context is not done, waiting tasks are no
/// deadlock: Loop::run waits for it, and find_leaks does for its maximum wait.
class RemoteCancel {
 public:
  void operator()(std::error_code cause = {}) const;

 private:
  friend class Cancel;
  struct State;
  struct Handle;
  explicit RemoteCancel(std::shared_ptr<const Handle> handle) noexcept : handle_(std::move(handle)) {}
  std::shared_ptr<const Handle> handle_;
};

/// The right to cancel a context. It cancels (cause errc::finished) when it is destroyed, so that Go's
/// `defer cancel()` is built in.
class [[nodiscard]] Cancel {
 public:
  Cancel(Cancel&&) noexcept = default;
  Cancel& operator=(Cancel&& other) noexcept;
  ~Cancel();

  /// Ends the context and all contexts below it before it returns. It never waits and never runs callbacks inside.
  /// Without a cause, the cause is errc::canceled. Only the first call has an effect.
  void operator()(std::error_code cause = {}) noexcept;

  /// A handle that other threads can use. Called on the loop's thread.
  RemoteCancel remote() const;

  explicit Cancel(detail::SignalNode& node) noexcept : node_(&node) {}

 private:
  detail::Ref<detail::SignalNode> node_;
};

struct Cancelable {
  Context ctx;
  Cancel cancel;
};

/// A child that can be canceled. `where` is the location that reports name for the context.
[[nodiscard]] Cancelable with_cancel(const Context& parent, Label label = {},
                                     std::source_location where = std::source_location::current());

/// A child with a deadline, never later than the parent's; it adds no timer if the parent's is earlier. With a deadline
/// that has passed, the child is done from the start; TimePoint::max() means no deadline. `cause` is the cause() when
/// the deadline passes; empty: deadline_exceeded.
[[nodiscard]] Cancelable with_deadline(const Context& parent, TimePoint deadline, std::error_code cause = {},
                                       Label label = {},
                                       std::source_location where = std::source_location::current());
[[nodiscard]] Cancelable with_timeout(const Context& parent, Duration timeout, std::error_code cause = {},
                                      Label label = {},
                                      std::source_location where = std::source_location::current());

/// A child whose value<Key>() is `value`; everything else is the parent's.
template <ContextKey Key>
[[nodiscard]] Context with_value(const Context& parent, typename Key::type value) {
  return Context(
      *new detail::ValueNodeOf<typename Key::type>(detail::key_of<Key>(), &parent.node(), std::move(value)));
}

/// Keeps values, role and label; drops cancellation, deadline, error and cause (Go: WithoutCancel).
[[nodiscard]] Context without_cancel(const Context& parent);

}  // namespace leash
