// SPDX-License-Identifier: BSL-1.0
#pragma once
// How a task waits. Internal.
//
// A *case* is one thing that can happen to a waiting task: a value arrives, a value is taken, something is
// done, a time comes. `Waiting` arms one or several of them at once; the first that happens unlinks the
// others and schedules the task. So `ch.receive()`, `ch.receive(ctx)` and `select(...)` are the same
// mechanism with one, two or n cases.

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

// Inside an asio::awaitable, co_await calls what it does not know with its frame: this says what is wrong.
struct NotForAwaitable {
  template <class Frame>
  auto operator()(Frame*) const {
    static_assert(
        std::is_void_v<Frame>,
        "an asio::awaitable cannot await this: inside it, use leash::as_awaitable(ctx, task) for a task, "
        "and leash::via(ctx, asio::use_awaitable) for an operation under a context");
  }
};

// What co_await accepts inside a Task, beside other Tasks.
struct AwaiterTag : NotForAwaitable {};
template <class A>
concept Awaiter = std::is_base_of_v<AwaiterTag, std::remove_cvref_t<A>>;

template <class Key>
const void* key_of() noexcept {
  static constexpr char address{};
  return &address;
}

// The calls on LoopState that templates in headers need, without its header.
bool may_go_on(TaskRecord& task) noexcept;
struct Selection;
void park(TaskRecord& task, WaitKind kind, const Selection* selection = nullptr) noexcept;
void schedule(TaskRecord& task) noexcept;
std::uint32_t random(TaskRecord& task) noexcept;
TimePoint now(TaskRecord& task) noexcept;
void add_timer(TaskRecord& task, Timer& timer, TimePoint when);
void add_again(TaskRecord& task, Timer& timer, TimePoint when) noexcept;  // while it fires
void remove_timer(TaskRecord& task, Timer& timer) noexcept;
void attach(SignalNode& node, Dependent& dependent) noexcept;

// A task that waits, and which of its cases was taken.
struct Selection {
  static constexpr int none = -1;
  // What one of its cases waits on, and how many handles of that there are.
  struct Object {
    const void* address;
    std::uint32_t handles;
  };
  struct Actions {
    void (*disarm)(Selection&) noexcept;
    // All that can wake the task; null: something else can, too.
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

// A case has: kind; try_now(task), which takes it if it is ready; arm(selection, index) and disarm();
// result(), after it was taken; and object(), if only who has a handle of that can make it ready. Cases are moved only
// before they are armed.

template <class Case>
concept OnlyByHandle = requires(const Case& one) {
  one.object();
};

// An awaiter over cases. Result: what the derived class makes of the taken one.
template <class... Cases>
class Waiting : public AwaiterTag, protected Selection {
 public:
  // `fair`: ready cases are tried in a random order; otherwise from the first on.
  Waiting(WaitKind kind, bool fair, Cases... cases)
      : Selection(own_actions), kind_(kind), fair_(fair), cases_(std::move(cases)...) {}
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
    if (chosen != none) {  // ready, but this turn has gone on for long enough
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

// One case: `co_await channel.receive()`. Also what select takes.
template <class Case>
class [[nodiscard]] Await : public Waiting<Case> {
 public:
  explicit Await(Case one) : Waiting<Case>(Case::kind, false, std::move(one)) {}
  auto await_resume() { return std::get<0>(this->cases_).result(); }
  Case take_case() && { return std::move(std::get<0>(this->cases_)); }
};

// A dependent that chooses a case of a selection when it is told.
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

// Tells everybody who waits; each is unlinked before it is told, and may drop what it waited for.
inline void tell_all(List<Dependent>& waiters) noexcept {
  while (auto* hook = waiters.front()) {
    hook->unlink();
    auto& waiter = static_cast<Dependent&>(*hook);
    waiter.on_done(waiter);
  }
}

// Something shared that lists its waiters is ready: State has ready() and `waiters`.
template <class State, WaitKind Kind>
class StateCase {
 public:
  static constexpr WaitKind kind = Kind;
  explicit StateCase(Handle<State> state) noexcept : state_(std::move(state)) {}
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

// The context is done: err() answers from then on, and not before.
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

// The same, and a deadline that has passed ends the context.
class NothingRemainsCase : public ContextCase {
 public:
  using ContextCase::ContextCase;
  bool try_now(TaskRecord&) const noexcept { return nothing_remains(*node_->signal); }
  std::error_code error() const noexcept { return error_of(*node_->signal); }
};

// A case under a context: an operation that starts under a done context fails at once; one that waits fails
// when the context ends.
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

  AwaitUnder(ContextNode& context, Case one)
      : Waiting<NothingRemainsCase, Case>(Case::kind, false, NothingRemainsCase(context), std::move(one)) {}
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
