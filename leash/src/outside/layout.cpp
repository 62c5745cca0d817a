// SPDX-License-Identifier: BSL-1.0
#include "layout.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "leash/detail/loop_state.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/error.hpp"
#include "leash/scope.hpp"
#include "leash/trace.hpp"
#include "leash/version.hpp"
#include "note.hpp"

extern "C" {
[[gnu::used]] constinit leash::outside::Layout leash_outside_layout{};
}

static_assert(leash::outside::loops_note == 1);
LEASH_NOTE(1, leash_outside_layout);

namespace leash {
namespace outside {
namespace {

std::mutex mutex;

// In the Itanium C++ ABI, a pointer to a data member is the offset of the member in bytes.
template <class Whole, class Member>
std::uint32_t place(Member Whole::*member) noexcept {
  static_assert(sizeof(member) == sizeof(std::ptrdiff_t));
  return static_cast<std::uint32_t>(std::bit_cast<std::ptrdiff_t>(member));
}
// The offset of a base's member in a derived class.
template <class Whole, class Base, class Member>
std::uint32_t place_in(Member Base::*member) noexcept {
  return place<Whole, Member>(static_cast<Member Whole::*>(member));
}

template <class Part, class Whole>
std::uint32_t distance(const Part& part, const Whole& whole) noexcept {
  return static_cast<std::uint32_t>(reinterpret_cast<const char*>(&part) -
                                    reinterpret_cast<const char*>(&whole));
}

// The bits of the object that `set` changes.
template <class Whole, class Set>
Bits bits(Whole& object, Set set) {
  unsigned char before[sizeof(Whole)];
  // NOLINTNEXTLINE(bugprone-undefined-memory-manipulation)
  std::memcpy(before, &object, sizeof(Whole));
  set(object);
  const auto* after = reinterpret_cast<const unsigned char*>(&object);
  for (std::uint32_t i = 0; i < sizeof(Whole); ++i) {
    if (before[i] != after[i]) return {i, static_cast<std::uint32_t>(before[i] ^ after[i])};
  }
  fail("the place of a bit field was not found");
}

// Whether the first bytes of the object are this address, as in smart pointers and strings.
template <class Whole>
void check_begins_with(const Whole& object, const void* address) noexcept {
  const void* first = nullptr;
  static_assert(sizeof(Whole) >= sizeof(first));
  // NOLINTNEXTLINE(bugprone-undefined-memory-manipulation)
  std::memcpy(&first, &object, sizeof(first));
  check(first == address, "the standard library has a memory layout that leash does not know");
}

}  // namespace
}  // namespace outside

namespace detail {

// The private members in the table. An explicit instantiation may name them, so the headers of the hot paths need no
// friend declaration.
template <class Tag, auto Member>
struct Reveal {
  friend constexpr auto reveal(Tag) { return Member; }
};
#define LEASH_REVEAL(tag, member)      \
  struct tag {                         \
    friend constexpr auto reveal(tag); \
  };                                   \
  template struct Reveal<tag, member>

LEASH_REVEAL(HookNext, &Hook<TaskRecord>::next_);
LEASH_REVEAL(HookPrev, &Hook<TaskRecord>::prev_);
LEASH_REVEAL(InScopeNext, &Hook<InScope>::next_);
LEASH_REVEAL(DependentNext, &Hook<Dependent>::next_);
LEASH_REVEAL(ListHead, &List<TaskRecord>::head_);
LEASH_REVEAL(LoopClock, &LoopState::clock_);
LEASH_REVEAL(LoopMetrics, &LoopState::metrics_);
LEASH_REVEAL(LoopTasks, &LoopState::tasks_);
LEASH_REVEAL(LoopBackground, &LoopState::background_);
LEASH_REVEAL(LoopNever, &LoopState::never_);
LEASH_REVEAL(ScopeHolder, &Scope::holder_);
LEASH_REVEAL(ScopeJoiner, &Scope::joiner_);
LEASH_REVEAL(ScopeTasks, &Scope::tasks_);
LEASH_REVEAL(ScopeOwn, &Scope::own_);
#undef LEASH_REVEAL

struct OutsideLayout {
  static void measure(outside::Layout& table, LoopState& state) {
    using namespace outside;
    const auto& tasks = state.*reveal(LoopTasks());
    using Tasks = std::remove_cvref_t<decltype(*tasks)>;
    table.sites = static_cast<std::uint32_t>(std::tuple_size_v<Tasks>);
    table.trace_key = std::bit_cast<std::uintptr_t>(key_of<Trace>());
    table.categories = {std::bit_cast<std::uintptr_t>(&error_category()),
                        std::bit_cast<std::uintptr_t>(&std::generic_category()),
                        std::bit_cast<std::uintptr_t>(&std::system_category())};

    table.list = {place(reveal(HookNext())), place(reveal(HookPrev())), place(reveal(ListHead())),
                  sizeof(List<TaskRecord>)};

    check_begins_with(state.name, state.name.data());
    check_begins_with(state.metrics(), state.metrics().get());
    check_begins_with(tasks, tasks.get());
    table.loop = {sizeof(LoopState),          place(&LoopState::name),
                  place(reveal(LoopClock())), place(reveal(LoopMetrics())),
                  place(reveal(LoopTasks())), place(reveal(LoopBackground())),
                  place(reveal(LoopNever()))};
    const Metrics& metrics = *state.metrics();
    table.site = {place(&Metrics::live_tasks),   distance(*metrics.sites().data(), metrics),
                  sizeof(SiteMetrics),           place(&SiteMetrics::file),
                  place(&SiteMetrics::function), place(&SiteMetrics::line)};

    measure_task(table, state);
    measure_contexts(table);
    table.scope.size = sizeof(Scope);
    table.scope.holder = place(reveal(ScopeHolder()));
    table.scope.joiner = place(reveal(ScopeJoiner()));
    table.scope.tasks = place(reveal(ScopeTasks()));
    table.scope.context = place(reveal(ScopeOwn())) + place(&Cancelable::ctx);
    static_assert(sizeof(Context) == sizeof(void*));

    std::ranges::copy(std::string_view(LEASH_VERSION).substr(0, table.library.size() - 1),
                      table.library.begin());
    table.magic = layout_magic;
  }

  static void measure_task(outside::Layout& table, LoopState& state) {
    using namespace outside;
    static_assert(sizeof(std::source_location) == sizeof(void*) && sizeof(Ref<ContextNode>) == sizeof(void*));
    PromiseBase frame{std::source_location::current()};
    TaskRecord task(state.background(), frame);
    auto& to = table.task;
    to.size = sizeof(TaskRecord);
    to.hook = place_in<TaskRecord>(reveal(HookNext())) - table.list.next;
    to.in_scope = place_in<ScopedTaskRecord>(reveal(InScopeNext())) - table.list.next;
    to.scope = place(&ScopedTaskRecord::scope);
    to.owner = place(&TaskRecord::owner);
    to.innermost = place(&TaskRecord::innermost);
    to.id = place(&TaskRecord::id);
    to.started = place(&TaskRecord::started);
    to.waits_since = place(&TaskRecord::waits_since);
    to.extra = place(&TaskRecord::extra_);
    to.name = sizeof(TaskExtra);
    to.bytes = place(&TaskRecord::bytes);
    to.site = place(&TaskRecord::site);
    to.wait = bits(task, [](TaskRecord& t) { t.wait = static_cast<WaitKind>(0x1f); });
    to.is_in_scope = bits(task, [](TaskRecord& t) { t.in_scope = true; });
    to.running = bits(task, [](TaskRecord& t) { t.running = true; });
    to.detached = bits(task, [](TaskRecord& t) { t.detached = true; });
    to.orphan = bits(task, [](TaskRecord& t) { t.orphan = true; });
    to.leaked = bits(task, [](TaskRecord& t) { t.leaked = true; });
    to.uncancellable = bits(task, [](TaskRecord& t) { t.uncancellable = true; });
    to.stranded = bits(task, [](TaskRecord& t) { t.stranded = true; });
    table.frame = {sizeof(PromiseBase), place(&PromiseBase::parent), place(&PromiseBase::where)};
  }

  static void measure_contexts(outside::Layout& table) {
    using namespace outside;
    table.context = {sizeof(ContextNode),      place(&ContextNode::kind),   place(&ContextNode::role),
                     place(&ContextNode::err), place(&ContextNode::parent), place(&ContextNode::signal)};
    auto& to = table.signal;
    to.size = sizeof(SignalNode);
    to.context = place_in<SignalNode>(&ContextNode::parent) - table.context.parent;
    to.on_done = place(&Dependent::on_done);
    to.hook = place_in<Dependent>(reveal(DependentNext())) - table.list.next;
    to.dependent = place_in<SignalNode>(&Dependent::on_done) - to.on_done;
    to.dependents = place(&SignalNode::dependents);
    to.deadline = place(&SignalNode::deadline);
    to.done_at = place(&SignalNode::done_at);
    to.label = place(&SignalNode::label);
    to.number = place(&SignalNode::number);
    to.where = place(&SignalNode::where);
    to.maker = place(&SignalNode::maker);
    to.cause = place(&SignalNode::cause);
    to.parent_done = std::bit_cast<std::uintptr_t>(&SignalNode::parent_done);
    table.maker = {sizeof(Maker),        place(&Maker::outlived), place(&Maker::since),
                   place(&Maker::label), place(&Maker::number),   place(&Maker::cause)};
    table.value = {sizeof(ValueNode), place(&ValueNode::key), place(&ValueNode::value), place(&Trace::high),
                   place(&Trace::low)};
  }
};

}  // namespace detail

namespace outside {

void enter(detail::LoopState& loop) {
  const std::lock_guard lock(mutex);
  Layout& table = leash_outside_layout;
  if (table.magic != layout_magic) detail::OutsideLayout::measure(table, loop);
  const auto free = std::ranges::find(table.loops, 0u);
  if (free == table.loops.end()) {
    ++table.loops_left_out;
  } else {
    *free = std::bit_cast<std::uintptr_t>(&loop);
  }
}

void leave(detail::LoopState& loop) noexcept {
  const std::lock_guard lock(mutex);
  Layout& table = leash_outside_layout;
  const auto at = std::ranges::find(table.loops, std::bit_cast<std::uintptr_t>(&loop));
  if (at == table.loops.end()) {
    --table.loops_left_out;
  } else {
    *at = 0;
  }
}

}  // namespace outside
}  // namespace leash
