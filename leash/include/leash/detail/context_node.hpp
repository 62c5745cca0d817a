// SPDX-License-Identifier: BSL-1.0
#pragma once
// The nodes of the context tree. Internal: leash/context.hpp is what users see.
//
// Three kinds: a signal node can be done; a value node and a detached one (without_cancel) cannot by
// themselves and name the signal node that stands for them. Nodes refer upwards by count; a signal node
// lists, as dependents, what must hear of its end: children that are not done, pending operations, parked
// tasks, owned tasks, callbacks.

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

// Something that hears, once, that a signal node (or a done channel) is done. It is unlinked before it is
// told.
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
  // Of values that are aligned more strictly than the pool's memory.
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
  bool of_scope : 1 = false;  // a scope's: its tasks do the work of whom the scope belongs to
  errc err{};                 // of a signal node: 0 while it is not done
  ContextNode* parent;        // counted
  // The first one with a value or a label, from this one upwards; null: none. What is looked for is found without a
  // walk through contexts that have neither, however many there are.
  ContextNode* nearest;
  SignalNode* const signal;  // the node whose end is this node's end

 protected:
  virtual ~ContextNode() = default;
};

struct SignalNode final : ContextNode, Dependent, Timer {
  SignalNode(LoopState& state, ContextNode* node_parent) noexcept;

  bool done() const noexcept { return err != errc{}; }
  // The context has ended because of `error`, which is a cancellation's or the cause itself.
  bool ended_with(const std::error_code& error) const noexcept {
    return done() && error && (error == cause || is_cancellation(error));
  }
  static void parent_done(Dependent&) noexcept;  // marks, among the dependents of a node, its children
  bool has_deadline() const noexcept { return deadline != TimePoint::max(); }

  LoopState* loop;  // counted
  List<Dependent> dependents;
  TimePoint deadline = TimePoint::max();
  TimePoint done_at{};
  std::error_code cause;  // before the end: the cause that the deadline would give
  const char* label = nullptr;
  std::uint64_t number = 0;
  std::source_location where;  // it was made
  Maker* maker = nullptr;      // null: it ends with the owner of the task that made it, or may outlive it

 private:
  ~SignalNode() override;
  static void deadline_passed(Timer&) noexcept;
  friend class LoopState;
  friend bool nothing_remains(SignalNode&) noexcept;
};

// Of a context that is not below the owner of the task that made it: it hears of that owner's end, after which the
// context should be done soon. What reports say of the owner is kept here, so that the owner itself is not.
struct Maker final : Dependent {
  Maker(SignalNode& node, SignalNode& owner_node) noexcept;
  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }

  SignalNode& made;
  SignalNode* owner;      // null: it is done
  TimePoint since{};      // its end, or that the context was made, whatever was later
  std::error_code cause;  // of its end
  const char* label = nullptr;
  std::uint64_t number = 0;
  std::uint64_t number_made = 0;  // of the loop's makers
  std::uint16_t site = 0;         // of the line that made it, once the owner is done
  bool outlived = false;          // the owner's end by more than the grace
};

// Whether the node is done. One whose deadline has passed, which its timer has not seen yet, is ended here: who
// reports the deadline and err() agree.
bool nothing_remains(SignalNode& node) noexcept;
inline std::error_code error_of(const SignalNode& node) noexcept { return make_error_code(node.err); }

struct ValueNode : ContextNode {
  ValueNode(const void* value_key, ContextNode* node_parent) noexcept
      : ContextNode(Kind::value, node_parent, node_parent->signal), key(value_key) {
    nearest = this;
  }
  const void* const key;  // the address that stands for the key's type
  const void* value = nullptr;
};

template <class T>
struct ValueNodeOf final : ValueNode {
  ValueNodeOf(const void* value_key, ContextNode* node_parent, T v)
      : ValueNode(value_key, node_parent), held(std::move(v)) {
    value = &held;
  }
  T held;
};

// It may outlive the loop, and `never`, which is no ancestor of it, is then held by it alone.
struct DetachedNode final : ContextNode {
  DetachedNode(ContextNode* node_parent, SignalNode* never) noexcept
      : ContextNode(Kind::detached, node_parent, never) {
    never->retain();
  }

 private:
  ~DetachedNode() override { signal->release(); }
};

}  // namespace leash::detail
