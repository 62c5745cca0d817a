// SPDX-License-Identifier: BSL-1.0
#pragma once
// How a task waits. Internal.
//
// A *case* is one event that a task can wait for: a value arrives, a value is taken, something is done, or a time
// is reached. `Waiting` arms one or several cases. The first one that happens unlinks the others and schedules
// the task. So `ch.receive()`, `ch.receive(ctx)` and `select(...)` are the same mechanism with one, two or n
// cases.

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "leash/detail/context_node.hpp"
#include "leash/detail/handle.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/error.hpp"
#include "leash/wait_point.hpp"

namespace leash::detail {

// Inside an asio::awaitable, co_await calls an unknown awaiter with its frame. This overload explains the error.
struct NotForAwaitable {
  template <class Frame>
  auto operator()(Frame*) const {
    static_assert(
        std::is_void_v<Frame>,
        "an asio::awaitable cannot await this: inside it, use leash::as_awaitable(ctx, task) for a task, "
        "and leash::via(ctx, asio::use_awaitable) for an operation under a context");
  }
};

// The awaiters that co_await accepts inside a Task, in addition to Tasks.
struct AwaiterTag : NotForAwaitable {};
template <class A>
concept Awaiter = std::is_base_of_v<AwaiterTag, std::remove_cvref_t<A>>;

template <class Key>
const void* key_of() noexcept {
  static constexpr char address{};
  return &address;
}

// Functions of LoopState for templates in headers, without the header of LoopState.
bool may_go_on(TaskRecord& task) noexcept;
struct Selection;
void park(TaskRecord& task, WaitKind kind, const Selection* selection = nullptr) noexcept;
void schedule(TaskRecord& task) noexcept;
std::uint32_t random(TaskRecord& task) noexcept;
TimePoint now(TaskRecord& task) noexcept;
void add_timer(TaskRecord& task, Timer& timer, TimePoint when);
void add_again(TaskRecord& task, Timer& timer, TimePoint when) noexcept;  // only while it fires
void remove_timer(TaskRecord& task, Timer& timer) noexcept;
void attach(SignalNode& node, Dependent& dependent) noexcept;

// A waiting task, and the case that was taken.
struct Selection {
  static constexpr int none = -1;
  // The object of one of its cases, and the number of its handles.
  struct Object {
    const void* address;
    std::uint32_t handles;
  };
  struct Actions {
    void (*disarm)(Selection&) noexcept;
    // All objects that can wake the task; null if something else can wake it, too.
    void (*each_object)(const Selection&, void (*use)(void*, Object), void* to);
  };
  explicit Selection(const Actions& of_awaiter) noexcept : actions(of_awaiter) {}
  void choose(int index) noexcept {
    chosen = index;
    actions.disarm(*this);
    schedule(*task);
  }
  const Actions& actions;
  TaskRecord* task = nullptr;
  int chosen = none;
};

// A case has: kind; try_now(task), which takes it if it is ready; arm(selection, index) and disarm(); result(), after
// it was taken; and object(), if only handles of that object can make it ready. Cases are moved only before they are
// armed.

template <class Case>
concept OnlyByHandle = requires(const Case& one) {
  one.object();
};

// An awaiter of cases. The derived class makes the result of the case that was taken.
template <class... Cases>
class Waiting : public AwaiterTag, protected Selection {
 public:
  // `fair`: ready cases are tried in random order; otherwise in their own order. Each case is made in its place from one
  // argument, because a move costs as much as a copy of its handle.
  template <class... From>
  Waiting(WaitKind kind, bool fair, From&&... from)
      : Selection(own_actions), kind_(kind), fair_(fair), cases_(std::forward<From>(from)...) {}
  Waiting(Waiting&& other) noexcept((std::is_nothrow_move_constructible_v<Cases> && ...))
      : Selection(own_actions), kind_(other.kind_), fair_(other.fair_), cases_(std::move(other.cases_)) {
    check(other.chosen == none && !other.armed_, "an awaiter was moved while a task waits for it");
  }
  Waiting& operator=(Waiting&&) = delete;
  ~Waiting() {
    if (armed_) disarm_all(*this);
  }

  bool await_ready() {
    check(current.task != nullptr, "co_await outside of a task");
    check(task == nullptr, "an awaiter is awaited once: make a new one");
    task = current.task;
    constexpr int count = sizeof...(Cases);
    if (fair_ && count > 1) {
      std::array<int, sizeof...(Cases)> order;
      std::iota(order.begin(), order.end(), 0);
      for (std::size_t left = order.size(); left > 0 && chosen == none; --left) {
        std::swap(order[random(*task) % left], order[left - 1]);
        try_case(order[left - 1]);
      }
    } else {
      for (int i = 0; i < count && chosen == none; ++i) try_case(i);
    }
    return chosen != none && may_go_on(*task);
  }

  void await_suspend(std::coroutine_handle<>) {
    if (chosen != none) {  // ready, but the budget of this turn is used up
      schedule(*task);
      return;
    }
    armed_ = true;
    arm_all(std::index_sequence_for<Cases...>());
    park(*task, kind_, this);
  }

 protected:
  WaitKind kind_;
  bool fair_;
  bool armed_ = false;
  std::tuple<Cases...> cases_;

 private:
  void try_case(int index) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((static_cast<int>(I) == index && std::get<I>(cases_).try_now(*task) ? void(chosen = index) : void()),
       ...);
    }
    (std::index_sequence_for<Cases...>());
  }
  template <std::size_t... I>
  void arm_all(std::index_sequence<I...>) {
    (std::get<I>(cases_).arm(*this, static_cast<int>(I)), ...);
  }
  static void disarm_all(Selection& selection) noexcept {
    auto& self = static_cast<Waiting&>(selection);
    self.armed_ = false;
    std::apply([](auto&... each) { (each.disarm(), ...); }, self.cases_);
  }
  static void each_object(const Selection& selection, void (*use)(void*, Object), void* to) {
    const auto& self = static_cast<const Waiting&>(selection);
    std::apply([&](const auto&... each) { (use(to, each.object()), ...); }, self.cases_);
  }
  static constexpr auto object_function() {
    if constexpr ((OnlyByHandle<Cases> && ...)) {
      return &Waiting::each_object;
    } else {
      return nullptr;
    }
  }
  static constexpr Actions own_actions{&Waiting::disarm_all, object_function()};
};

// One case, as in `co_await channel.receive()`. select accepts it, too.
template <class Case>
class [[nodiscard]] Await : public Waiting<Case> {
 public:
  template <class From>
  requires(!std::is_same_v<std::remove_cvref_t<From>, Await>) explicit Await(From&& from)
      : Waiting<Case>(Case::kind, false, std::forward<From>(from)) {}
  auto await_resume() { return std::get<0>(this->cases_).result(); }
  Case take_case() && { return std::move(std::get<0>(this->cases_)); }
};

// A dependent that chooses a case of a selection when it is notified.
struct DoneLink : Dependent {
  DoneLink() noexcept : Dependent(&DoneLink::told) {}
  DoneLink(DoneLink&&) noexcept : DoneLink() {}
  Selection* selection = nullptr;
  int index = 0;

 private:
  static void told(Dependent& dependent) noexcept {
    auto& self = static_cast<DoneLink&>(dependent);
    self.selection->choose(self.index);
  }
};

// Notifies all waiters. Each is unlinked before that, and may drop the object for which it waited.
inline void tell_all(List<Dependent>& waiters) noexcept {
  while (auto* hook = waiters.front()) {
    hook->unlink();
    auto& waiter = static_cast<Dependent&>(*hook);
    waiter.on_done(waiter);
  }
}

// A shared object with a list of waiters. State has ready() and `waiters`.
template <class State, WaitKind Kind>
class StateCase {
 public:
  static constexpr WaitKind kind = Kind;
  explicit StateCase(const Handle<State>& state) noexcept : state_(state) {}
  bool try_now(TaskRecord&) const noexcept { return state_->ready(); }
  void arm(Selection& selection, int index) noexcept {
    link_.selection = &selection;
    link_.index = index;
    state_->waiters.push_back(link_);
  }
  void disarm() noexcept { link_.unlink(); }
  void result() const noexcept {}
  Selection::Object object() const noexcept { return {state_.get(), state_->refs}; }

 private:
  Handle<State> state_;
  DoneLink link_;
};

// The context is done. err() is set from then on, and not before.
class ContextCase {
 public:
  static constexpr WaitKind kind = WaitKind::context_done;
  explicit ContextCase(ContextNode& node) noexcept : node_(&node) {}
  bool try_now(TaskRecord&) const noexcept { return node_->signal->done(); }
  void arm(Selection& selection, int index) noexcept {
    link_.selection = &selection;
    link_.index = index;
    attach(*node_->signal, link_);
  }
  void disarm() noexcept { link_.unlink(); }
  void result() const noexcept {}

 protected:
  Ref<ContextNode> node_;

 private:
  DoneLink link_;
};

// The same; a deadline that has passed ends the context.
class NothingRemainsCase : public ContextCase {
 public:
  using ContextCase::ContextCase;
  bool try_now(TaskRecord&) const noexcept { return nothing_remains(*node_->signal); }
  std::error_code error() const noexcept { return error_of(*node_->signal); }
};

// A case under a context. If the context is done at the start, it fails at once; if it waits, it fails when the context
// ends.
template <class Case>
class [[nodiscard]] AwaitUnder : public Waiting<NothingRemainsCase, Case> {
  using Value = decltype(std::declval<Case&>().result());
  template <class T>
  struct AsResult {
    using type = Result<T>;
  };
  template <class T>
  struct AsResult<Result<T>> {
    using type = Result<T>;
  };

 public:
  using Outcome = typename AsResult<Value>::type;

  template <class From>
  AwaitUnder(ContextNode& context, From&& from)
      : Waiting<NothingRemainsCase, Case>(Case::kind, false, context, std::forward<From>(from)) {}
  Outcome await_resume() {
    if (this->chosen == 0) return std::unexpected(std::get<0>(this->cases_).error());
    if constexpr (std::is_void_v<Value>) {
      std::get<1>(this->cases_).result();
      return {};
    } else {
      return std::get<1>(this->cases_).result();
    }
  }
};

}  // namespace leash::detail
