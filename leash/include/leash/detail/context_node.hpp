// SPDX-License-Identifier: BSL-1.0
#pragma once
// The nodes of the context tree. Internal; the public header is leash/context.hpp.
//
// There are three kinds. A signal node can be done. A value node and a detached one (without_cancel) cannot be done by
// themselves, and refer to a signal node instead. Nodes hold their parents by a count, and have no virtual functions: the
// kind says how a node is destroyed. A signal node has a list of dependents, which are notified of its end: children that
// are not done, pending operations, waiting tasks, owned tasks and callbacks.

#include <cstdint>
#include <new>
#include <source_location>
#include <system_error>

#include "leash/clock.hpp"
#include "leash/detail/frame_pool.hpp"
#include "leash/detail/list.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/timer_queue.hpp"
#include "leash/error.hpp"
#include "leash/metrics.hpp"

namespace leash::detail {

class LoopState;
struct Maker;
struct SignalNode;

// It is notified once when a signal node (or a done channel) is done. It is unlinked before
// that.
struct Dependent : Hook<Dependent> {
  using OnDone = void (*)(Dependent&) noexcept;
  explicit Dependent(OnDone f) noexcept : on_done(f) {}
  OnDone on_done;
};

struct ContextNode {
  enum class Kind : std::uint8_t { signal, value, detached };

  ContextNode(Kind node_kind, ContextNode* node_parent, SignalNode* signal_node) noexcept
      : kind(node_kind),
        role(node_parent ? node_parent->role : Role::system),
        parent(node_parent),
        nearest(node_parent ? node_parent->nearest : nullptr),
        signal(signal_node) {
    if (parent) parent->retain();
  }
  ContextNode(const ContextNode&) = delete;
  ContextNode& operator=(const ContextNode&) = delete;

  void retain() noexcept { ++refs; }
  void release() noexcept;
  ContextNode* nearest_above() const noexcept { return parent ? parent->nearest : nullptr; }

  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }
  // For values with a stricter alignment than the memory of the pool.
  static void* operator new(std::size_t size, std::align_val_t alignment) {
    return ::operator new(size, alignment);
  }
  static void operator delete(void* memory, std::size_t size, std::align_val_t alignment) noexcept {
    ::operator delete(memory, size, alignment);
  }

  std::uint32_t refs = 0;
  Kind kind;
  Role role;
  bool reported : 1 = true;   // counted in the metrics
  bool of_scope : 1 = false;  // of a scope; its tasks work for the owner of the task that holds the scope
  errc err{};                 // for a signal node; 0 while it is not done
  ContextNode* parent;        // counted
  // The nearest node with a value or a label, this one included; null if there is none. So a look-up skips all contexts
  // that have neither.
  ContextNode* nearest;
  SignalNode* const signal;  // the node with whose end this node ends

 protected:
  ~ContextNode() = default;  // by release()
};

struct SignalNode final : ContextNode, Dependent, Timer {
  SignalNode(LoopState& state, ContextNode* node_parent) noexcept;

  bool done() const noexcept { return err != errc{}; }
  // Whether the context has ended with `error`, which is a cancellation error or the cause itself.
  bool ended_with(const std::error_code& error) const noexcept {
    return done() && error && (error == cause || is_cancellation(error));
  }
  static void parent_done(Dependent&) noexcept;  // identifies the children among the dependents of a node
  bool has_deadline() const noexcept { return deadline != TimePoint::max(); }

  LoopState* loop;  // counted
  List<Dependent> dependents;
  TimePoint deadline = TimePoint::max();
  TimePoint done_at{};
  std::error_code cause;  // before the end, the cause for the deadline
  const char* label = nullptr;
  std::uint64_t number = 0;
  std::source_location where;  // where it was made
  Maker* maker = nullptr;      // null: it ends with the owner of its maker, or may outlive it

 private:
  ~SignalNode();
  static void deadline_passed(Timer&) noexcept;
  friend struct ContextNode;
  friend class LoopState;
  friend bool nothing_remains(SignalNode&) noexcept;
};

// For a context that is not below the owner of the task that made it. It is notified of that owner's end, after which
// the context should soon be done. It keeps the facts for reports, so that the owner need not stay.
struct Maker final : Dependent {
  Maker(SignalNode& node, SignalNode& owner_node) noexcept;
  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }

  SignalNode& made;
  SignalNode* owner;      // null if it is done
  TimePoint since{};      // the end of the owner or the creation of the context, whichever was later
  std::error_code cause;  // the cause of its end
  const char* label = nullptr;
  std::uint64_t number = 0;
  std::uint64_t number_made = 0;  // of the loop's makers
  std::uint16_t site = 0;         // of the line that made it, once the owner is done
  bool outlived = false;          // the context has outlived the owner by more than the grace
};

// Whether the node is done. If its deadline has passed and its timer has not fired yet, it ends here, so that err()
// agrees with the reported error.
bool nothing_remains(SignalNode& node) noexcept;
inline std::error_code error_of(const SignalNode& node) noexcept { return make_error_code(node.err); }

struct ValueNode : ContextNode {
  using Destroy = void (*)(ValueNode&) noexcept;
  ValueNode(const void* value_key, ContextNode* node_parent, Destroy f) noexcept
      : ContextNode(Kind::value, node_parent, node_parent->signal), destroy(f), key(value_key) {
    nearest = this;
  }
  const Destroy destroy;
  const void* const key;  // an address that identifies the type of the key
  const void* value = nullptr;

 protected:
  ~ValueNode() = default;
};

template <class T>
struct ValueNodeOf final : ValueNode {
  ValueNodeOf(const void* value_key, ContextNode* node_parent, T v)
      : ValueNode(value_key, node_parent, &ValueNodeOf::destroy_this), held(std::move(v)) {
    value = &held;
  }
  T held;

 private:
  ~ValueNodeOf() = default;
  static void destroy_this(ValueNode& node) noexcept { delete &static_cast<ValueNodeOf&>(node); }
};

// It may outlive the loop. Then it alone holds `never`, which is not its ancestor.
struct DetachedNode final : ContextNode {
  DetachedNode(ContextNode* node_parent, SignalNode* never) noexcept
      : ContextNode(Kind::detached, node_parent, never) {
    never->retain();
  }

 private:
  ~DetachedNode() { signal->release(); }
  friend struct ContextNode;
};

}  // namespace leash::detail
