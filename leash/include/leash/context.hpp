// SPDX-License-Identifier: BSL-1.0
#pragma once
// Request contexts: a tree that carries cancellation, a deadline, a cause and values (Go: package context).
//
// What it is     Context is a counted handle of a node; what is handed to a task, it can observe but not
//                cancel. Cancel is the other half: only its holder can cancel, and it cancels when it is
//                destroyed.
// Requires       a Loop, whose Loop::background() is the root.
// Guarantees     Go's semantics: when cancel returns, the whole subtree is done; the first cause wins; a
//                child never touches its parent; a child of a done context is born done. A deadline never
//                passes early. What waits for a context goes on after the call that ended it: what waits for the parent
//                before what waits for its children, otherwise in the order in which the waits began.
// Threads        the loop's thread; RemoteCancel alone is for other threads.
// Misuse         a call from another thread, and a Context, Cancel or RemoteCancel that was moved from, end the process
//                with a message.
// Lifetime       handles may outlive the loop: then they are done and inert.
//
//   auto [ctx, cancel] = leash::with_timeout(parent, 500ms);
//   auto n = co_await socket.async_read_some(buffer, leash::via(ctx));
//   if (!n && n.error() == leash::errc::deadline_exceeded) co_return;
//   // cancel goes out of scope: ctx is done, its timer and its node are let go

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

/// A key of context values: a type that names the type of its value.
///   struct TraceId { using type = std::string; };
template <class K>
concept ContextKey = requires {
  typename K::type;
}
&&std::is_object_v<typename K::type>;

/// What a context is called in reports ("request 918"), and whose work is done under it. `name` lives as long
/// as the program: a literal.
struct Label {
  Label() noexcept = default;
  explicit Label(const char* what, std::uint64_t n = 0) noexcept : name(what), number(n) {}
  Label(const char* what, std::uint64_t n, Role whose) noexcept : name(what), number(n), role(whose) {}
  const char* name = nullptr;
  std::uint64_t number = 0;
  std::optional<Role> role;  ///< inherited when not given
  /// The context is meant to go on when the owner of the task that makes it is done, like that of a connection in a pool:
  /// it does not count as outlived (leash/contexts.hpp).
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
  /// passed ends the context in the turn of its timer, or when a wait under it fails because of it, whatever is
  /// first: until then err() is empty although remaining() is zero.
  std::error_code err() const noexcept;
  /// The first cause given, else err() (Go: Cause).
  std::error_code cause() const noexcept;
  bool is_done() const noexcept;

  std::optional<TimePoint> deadline() const noexcept;
  /// Time until the deadline, never negative; none without a deadline.
  std::optional<Duration> remaining() const noexcept;

  /// The value of the nearest context that has the key; nullptr if none has (Go: Value).
  template <ContextKey Key>
  const typename Key::type* value() const noexcept {
    return static_cast<const typename Key::type*>(find(detail::key_of<Key>()));
  }

  /// Awaitable, also as a case of select: completes when the context is done (Go: <-ctx.Done()).
  auto done() const noexcept { return detail::Await<detail::ContextCase>(detail::ContextCase(node())); }

  /// The name of the nearest labeled context; name is null if none is.
  Label label() const noexcept;

  detail::ContextNode& node() const noexcept {
    check(static_cast<bool>(node_),
          "a Context that was moved from, or is gone: a coroutine takes its Context by value, because what a "
          "`const Context&` refers to may end before it");
    return *node_;
  }
  explicit Context(detail::ContextNode& node) noexcept : node_(&node) {}

 private:
  const void* find(const void* key) const noexcept;
  detail::Ref<detail::ContextNode> node_;
};

/// Cancels from any thread: the cancellation is posted to the loop, so the context is done a turn later. Only the
/// first call of a handle and its copies counts; the others do nothing. Copyable; it may outlive the context, the
/// loop and the io_context, and does nothing then. While one is there and its context is not done, tasks that wait
/// are no deadlock: Loop::run waits for it, and find_leaks does as long as it may.
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

/// The right to cancel a context; cancels (cause errc::finished) when it is destroyed: `defer cancel()` is
/// built in.
class [[nodiscard]] Cancel {
 public:
  Cancel(Cancel&&) noexcept = default;
  Cancel& operator=(Cancel&& other) noexcept;
  ~Cancel();

  /// Ends the context and all below it before it returns; it never waits for work and never runs callbacks
  /// inside. Without a cause, the cause is errc::canceled. Only the first call counts.
  void operator()(std::error_code cause = {}) noexcept;

  /// For other threads. Call on the loop's thread.
  RemoteCancel remote() const;

  explicit Cancel(detail::SignalNode& node) noexcept : node_(&node) {}

 private:
  detail::Ref<detail::SignalNode> node_;
};

struct Cancelable {
  Context ctx;
  Cancel cancel;
};

/// A child that can be canceled. `where` is what reports call the place at which a context was made.
[[nodiscard]] Cancelable with_cancel(const Context& parent, Label label = {},
                                     std::source_location where = std::source_location::current());

/// A child with a deadline, never later than the parent's: then it adds no timer. A deadline that has passed
/// gives a child that is born done; TimePoint::max() is no deadline. `cause` is what cause() answers when the
/// deadline passes; empty: deadline_exceeded.
[[nodiscard]] Cancelable with_deadline(const Context& parent, TimePoint deadline, std::error_code cause = {},
                                       Label label = {},
                                       std::source_location where = std::source_location::current());
[[nodiscard]] Cancelable with_timeout(const Context& parent, Duration timeout, std::error_code cause = {},
                                      Label label = {},
                                      std::source_location where = std::source_location::current());

/// A child that answers value<Key>() with `value`; everything else is the parent's.
template <ContextKey Key>
[[nodiscard]] Context with_value(const Context& parent, typename Key::type value) {
  return Context(
      *new detail::ValueNodeOf<typename Key::type>(detail::key_of<Key>(), &parent.node(), std::move(value)));
}

/// Keeps values, role and label; drops cancellation, deadline, error and cause (Go: WithoutCancel).
[[nodiscard]] Context without_cancel(const Context& parent);

}  // namespace leash
