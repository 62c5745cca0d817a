// SPDX-License-Identifier: BSL-1.0
#include "leash/snapshot.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>
#include <utility>

#include "../registry/coroutine_extras.hpp"
#include "../registry/coroutine_look.hpp"
#include "../registry/escape.hpp"
#include "leash/context.hpp"
#include "leash/detail/heap_charges.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/report_text.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/detail/tracking.hpp"
#include "leash/trace.hpp"

namespace leash {
namespace {

Frame frame_at(const std::source_location& where) {
  return {readable_function(where.function_name()), where.file_name(), where.line()};
}

// Whether it is a coroutine of this library around one of the program.
bool is_internal(const detail::PromiseBase& frame) {
  return std::string_view(frame.where.file_name()).find("leash/detail/") != std::string_view::npos;
}

// Without leash::heap, only the size of their frames is known.
std::string memory_text(const char* holds, std::size_t frames, std::optional<std::size_t> heap) {
  std::string of_frames = detail::short_bytes(frames) + " of frames";
  if (!heap) return of_frames;
  return std::string(holds) + " " + detail::short_bytes(frames + *heap) + ": " + of_frames;
}

std::string place(const Frame& frame) { return frame.file + ":" + std::to_string(frame.line); }

}  // namespace

namespace detail {
namespace {

Duration age_of(const TaskRecord& task, TimePoint now) noexcept {
  return std::max(between(task.started, now), Duration::zero());
}

}  // namespace

// The start and the wait are read from clocks with different resolutions.
Duration waits_for(const TaskRecord& task, TimePoint now) noexcept {
  if (task.wait == WaitKind::none) return Duration::zero();
  return std::clamp(between(task.waits_since, now), Duration::zero(), age_of(task, now));
}

void add_up(Duration& sum, Duration more) noexcept { sum = later(TimePoint(sum), more).time_since_epoch(); }

void add_up(std::optional<std::size_t>& sum, std::optional<std::size_t> more) noexcept {
  if (more) sum = sum.value_or(0) + *more;
}

std::optional<std::size_t> heap_bytes_of(const TaskRecord& task) noexcept {
  const HeapCharges* const charges = heap_charges.load(std::memory_order_acquire);
  if (!charges) return std::nullopt;
  return charges->of_task(task.loop().metrics().get(), task.id);
}

void add_up(TaskGroup& group, TaskGroup more) {
  if (group.count == 0 || more.oldest.age > group.oldest.age) group.oldest = std::move(more.oldest);
  group.count += more.count;
  group.frame_bytes += more.frame_bytes;
  add_up(group.heap_bytes, more.heap_bytes);
  add_up(group.waiting, more.waiting);
}

namespace {

// The tracked coroutine that the task awaits; 0: none.
std::uint64_t coroutine_of(const TaskRecord& task) noexcept {
  const TaskExtra* const extra = task.extra_if_any();
  if (task.wait != WaitKind::asio || !extra) return 0;
  for (auto* hook = extra->operations.front(); hook; hook = extra->operations.next(*hook)) {
    const auto& operation = static_cast<const Operation&>(*hook);
    if (operation.awaited) return operation.coroutine();
  }
  return 0;
}

// The chain that a task awaits beyond its own frames: a coroutine, a task that this coroutine awaits, and so on.
struct Beyond {
  std::vector<ChainCopy> coroutines;
  std::vector<const TaskRecord*> tasks;  // each awaited by the coroutine of the same index

  explicit Beyond(const TaskRecord& first) {
    constexpr std::size_t deepest = TaskInfo::max_frames;
    const TaskRecord* task = &first;
    while (task && coroutines.size() < deepest) {
      const std::uint64_t id = coroutine_of(*task);
      ChainCopy chain;
      if (id == 0 || !chain.take(record_at(slot_of(id))) || chain.root().id != id) return;
      coroutines.push_back(std::move(chain));
      task = nullptr;
      if (!(coroutines.back().root().flags & mixed)) return;
      const auto extras = extras_of(id);
      if (!extras || extras->awaits.loop != &first.loop()) return;  // another loop's frames may change
      task = static_cast<const TaskRecord*>(extras->awaits.record);
      if (task) tasks.push_back(task);
    }
  }
};

// The first and the last ones, if there are many.
class BoundedPlaces {
 public:
  explicit BoundedPlaces(Awaits& to) : to_(to) {}
  void add(const std::source_location& place) {
    if (to_.places.size() < TaskInfo::max_frames) {
      to_.places.push_back(place);
    } else {
      to_.places[half + to_.left_out++ % half] = place;
    }
  }
  void add(const TaskRecord& task) {
    for (const PromiseBase* frame = task.innermost; frame; frame = frame->parent) {
      if (!is_internal(*frame)) add(frame->where);
    }
  }
  void add(const ChainCopy& coroutine) {
    for (const RecordCopy* frame : own_frames(coroutine)) add(frame->at);
  }
  // Brings the last ones, which were overwritten in turn, into their order.
  void finish() {
    if (to_.left_out == 0) return;
    const auto last = to_.places.begin() + half;
    std::rotate(last, last + to_.left_out % half, to_.places.end());
  }

 private:
  static constexpr std::size_t half = TaskInfo::max_frames / 2;
  Awaits& to_;
};

}  // namespace

void Awaits::take(const TaskRecord& task) {
  places.clear();
  left_out = 0;
  wait = task.wait;
  waits_for.reset();
  if constexpr (!tracking) return;
  BoundedPlaces bounded(*this);
  if (task.wait == WaitKind::asio) {
    const Beyond beyond(task);
    for (std::size_t i = beyond.coroutines.size(); i-- > 0;) {
      if (i < beyond.tasks.size()) bounded.add(*beyond.tasks[i]);
      bounded.add(beyond.coroutines[i]);
    }
    if (!beyond.coroutines.empty()) {
      const RecordCopy& innermost = beyond.coroutines.back().innermost();
      if (beyond.tasks.size() == beyond.coroutines.size()) {
        wait = beyond.tasks.back()->wait;
        waits_for = detail::waits_for(*beyond.tasks.back(), task.loop().now());
      } else {
        wait = innermost.waits() ? innermost.wait : WaitKind::none;
        waits_for = innermost.waits() ? TickClock().since(innermost.since) : Duration::zero();
      }
    }
  }
  bounded.add(task);
  bounded.finish();
}

TaskInfo describe(const TaskRecord& task, TimePoint now) {
  TaskInfo info;
  info.id = task.id;
  info.name = task.name();
  info.loop = task.loop().name;
  const Place site = task.loop().place_of(task);
  info.site = {readable_function(site.function), site.file, site.line};
  info.role = task.role();
  info.state = state_of(task);
  const Context owner(*task.owner);
  info.owner = owner.label().text();
  if (const Trace* trace = owner.value<Trace>()) info.trace = trace->id();
  if (const SignalNode& signal = *task.owner->signal; signal.done()) {
    info.owner_done_for = std::max(between(signal.done_at, now), Duration::zero());
    info.owner_cause = signal.cause.message();
  }
  info.awaited_by = task.loop().awaited_by(task);
  info.uncancellable = task.uncancellable;
  info.stranded = task.stranded;
  info.running = task.running;
  info.age = age_of(task, now);
  info.frame_bytes = task.bytes;
  info.heap_bytes = heap_bytes_of(task);
  Awaits awaits;
  awaits.take(task);
  info.wait = awaits.wait;
  info.waits_for = std::min(awaits.waits_for.value_or(waits_for(task, now)), info.age);
  info.frames_left_out = awaits.left_out;
  info.frames.reserve(awaits.places.size());
  for (const std::source_location& at : awaits.places) info.frames.push_back(frame_at(at));
  return info;
}

}  // namespace detail

std::vector<TaskInfo> snapshot(const LoopBase& loop, const TaskFilter& filter) {
  const TimePoint now = loop.now();
  std::vector<const detail::TaskRecord*> found;
  loop.state().each_task([&](const detail::TaskRecord& task) {
    if (detail::matches(filter, task, now)) found.push_back(&task);
  });
  std::ranges::sort(found, {}, &detail::TaskRecord::id);
  if (found.size() > filter.limit) found.resize(filter.limit);
  std::vector<TaskInfo> tasks;
  tasks.reserve(found.size());
  for (const detail::TaskRecord* task : found) tasks.push_back(detail::describe(*task, now));
  return tasks;
}

std::string TaskGroup::key() const {
  std::string key = place(oldest.site) + "|" + std::string(to_string(oldest.state)) + "|" +
                    std::string(to_string(oldest.wait));
  if (oldest.uncancellable) key += "|cannot be canceled";
  if (oldest.stranded) key += "|stranded";
  if (oldest.running) key += "|running";
  for (const Frame& frame : oldest.frames) key += "|" + frame.function + "@" + place(frame);
  if (oldest.frames_left_out > 0) key += "|" + std::to_string(oldest.frames_left_out) + " more";
  return key;
}

std::vector<TaskGroup> group(const std::vector<TaskInfo>& tasks) {
  std::vector<TaskGroup> groups;
  std::map<std::string, std::size_t> index;
  for (const TaskInfo& task : tasks) {
    TaskGroup one{1, task.frame_bytes, task, task.waits_for, task.heap_bytes};
    const auto [at, is_new] = index.try_emplace(one.key(), groups.size());
    if (is_new) groups.emplace_back();
    detail::add_up(groups[at->second], std::move(one));
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const TaskGroup& a, const TaskGroup& b) { return a.count > b.count; });
  return groups;
}

std::string detail::wait_text(const TaskInfo& task) {
  if (task.running) return "[running in loop " + detail::quoted(task.loop) + "]";
  std::string text = "[" + std::string(to_string(task.wait));
  if (task.wait != WaitKind::none) text += ", " + short_duration(task.waits_for);
  if (task.uncancellable) text += ", cannot be canceled";
  if (task.stranded) text += ", stranded";
  return text + "]";
}

std::string to_text(const TaskInfo& task) {
  using detail::escaped;
  std::string text = "task " + std::to_string(task.id) + " " + detail::wait_text(task);
  if (!task.name.empty()) text += " " + detail::quoted(task.name);
  text += " " + std::string(to_string(task.state));
  if (task.owner_done_for) {
    text += ": " + (task.owner.empty() ? std::string("its owner") : escaped(task.owner)) + " ended " +
            detail::short_duration(*task.owner_done_for) + " ago (" + escaped(task.owner_cause) + ")";
  } else if (!task.owner.empty()) {
    text += " by " + escaped(task.owner);
  }
  text += ", " + memory_text("holds", task.frame_bytes, task.heap_bytes) + "\n";
  for (std::size_t i = 0; i < task.frames.size(); ++i) {
    if (i == TaskInfo::max_frames / 2 && task.frames_left_out > 0)
      text += "    ... " + std::to_string(task.frames_left_out) + " more ...\n";
    detail::append_columns(text, "    " + escaped(task.frames[i].function), escaped(place(task.frames[i])));
  }
  detail::append_columns(text, "started at",
                         escaped(place(task.site)) + " by " + escaped(task.site.function));
  if (task.awaited_by != 0)
    detail::append_columns(text, "awaited by", "coroutine " + std::to_string(task.awaited_by));
  if (!task.trace.empty()) detail::append_columns(text, "trace", escaped(task.trace));
  return text;
}

std::string to_text(const TaskGroup& group) {
  if (group.count == 1) return to_text(group.oldest);
  return std::to_string(group.count) + " tasks like this one, the oldest; " +
         memory_text("they hold", group.frame_bytes, group.heap_bytes) + "\n" + to_text(group.oldest);
}

}  // namespace leash
