// SPDX-License-Identifier: BSL-1.0
#include "leash/dump.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "leash/detail/heap_charges.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/task_record.hpp"

namespace leash {
namespace {

using detail::TaskRecord;

// The common part of the tasks of a group. Places are compared by address, which is fast. The same place in two
// translation units makes two groups, which merge() combines.
struct Shape {
  detail::Place site;
  TaskState state{};
  WaitKind wait{};
  bool uncancellable = false;
  bool stranded = false;
  bool running = false;
  detail::Awaits awaits;

  void take(const TaskRecord& task) {
    site = task.loop().place_of(task);
    state = detail::state_of(task);
    uncancellable = task.uncancellable;
    stranded = task.stranded;
    running = task.running;
    awaits.take(task);
    wait = awaits.wait;
  }
  static bool same_place(const std::source_location& a, const std::source_location& b) noexcept {
    return a.line() == b.line() && a.file_name() == b.file_name() && a.function_name() == b.function_name();
  }
  friend bool operator==(const Shape& a, const Shape& b) noexcept {
    return a.site == b.site && a.state == b.state && a.wait == b.wait && a.uncancellable == b.uncancellable &&
           a.stranded == b.stranded && a.running == b.running && a.awaits.left_out == b.awaits.left_out &&
           std::ranges::equal(a.awaits.places, b.awaits.places, same_place);
  }
};

struct ShapeHash {
  std::size_t operator()(const Shape& shape) const noexcept {
    std::size_t hash = shape.site.line * 31u + static_cast<std::size_t>(shape.wait) * 7u +
                       static_cast<std::size_t>(shape.state);
    const auto mix = [&hash](std::size_t value) { hash = (hash ^ value) * 0x9e3779b97f4a7c15u; };
    mix(shape.awaits.left_out);
    for (const std::source_location& at : shape.awaits.places) {
      mix(at.line());
      mix(reinterpret_cast<std::uintptr_t>(at.function_name()));
    }
    return hash;
  }
};

// What a record and its frames hold of a shape. It is compared first, because it needs no look-up: most tasks are in the
// group of the one before.
class Neighbor {
 public:
  bool is_like(const TaskRecord& task) const noexcept {
    if (!known_ || needs_look_up(task) || bits_of(task) != bits_) return false;
    const detail::PromiseBase* frame = task.innermost;
    for (const std::source_location& at : frames_) {
      if (!frame || !is_copy(frame->where, at)) return false;
      frame = frame->parent;
    }
    return !frame;
  }
  void take(const TaskRecord& task) {
    bits_ = bits_of(task);
    frames_.clear();
    const detail::PromiseBase* frame = task.innermost;
    for (; frame && frames_.size() < TaskInfo::max_frames; frame = frame->parent)
      frames_.push_back(frame->where);
    known_ = !frame && !needs_look_up(task);
  }

 private:
  static bool is_copy(const std::source_location& a, const std::source_location& b) noexcept {
    return std::memcmp(&a, &b, sizeof a) == 0;
  }
  // Its site is not in its record, or it may await a coroutine that is not a frame of its own.
  static bool needs_look_up(const TaskRecord& task) noexcept {
    return task.site == Metrics::other_site || (task.wait == WaitKind::asio && task.extra_if_any());
  }
  using Bits = std::tuple<std::uint16_t, TaskState, WaitKind, bool, bool, bool>;
  static Bits bits_of(const TaskRecord& task) noexcept {
    return {task.site, detail::state_of(task), task.wait, task.uncancellable, task.stranded, task.running};
  }

  bool known_ = false;
  Bits bits_;
  std::vector<std::source_location> frames_;
};

// The order of the entries of a dump: the largest first, or with all tasks the oldest first.
struct EntryOrder {
  std::size_t count;
  Duration age;
  std::uint64_t id;
  friend bool operator<(const EntryOrder& a, const EntryOrder& b) noexcept {
    if (a.count != b.count) return a.count > b.count;
    if (a.age != b.age) return a.age > b.age;
    return a.id < b.id;
  }
};

// Merges entries of several tables or dumps step by step.
class Entries {
 public:
  explicit Entries(const DumpOptions& options) : options_(options) {}

  void add(TaskGroup entry) {
    if (options_.full) {
      keep(std::move(entry));
      return;
    }
    TaskGroup& same = by_key_[entry.key()];
    detail::add_up(same, std::move(entry));
  }

  // Whether an entry with this order would be shown.
  bool wants(const EntryOrder& order) const {
    if (sorted_.size() < options_.filter.limit) return true;
    return !sorted_.empty() && order < std::prev(sorted_.end())->first;
  }

  // False if nothing is left to do.
  bool sort_one() {
    if (by_key_.empty()) return false;
    keep(std::move(by_key_.begin()->second));
    by_key_.erase(by_key_.begin());
    return true;
  }
  bool take_one(std::vector<TaskGroup>& to) {
    if (sorted_.empty()) return false;
    to.push_back(std::move(sorted_.begin()->second));
    sorted_.erase(sorted_.begin());
    return true;
  }

 private:
  void keep(TaskGroup entry) {
    const EntryOrder order{options_.full ? 0 : entry.count, entry.oldest.age, entry.oldest.id};
    if (!wants(order)) return;
    if (sorted_.size() == options_.filter.limit) sorted_.erase(std::prev(sorted_.end()));
    sorted_.emplace(order, std::move(entry));
  }

  const DumpOptions options_;
  std::map<std::string, TaskGroup> by_key_;
  std::multimap<EntryOrder, TaskGroup> sorted_;
};

class Taking {
 public:
  Taking(detail::LoopState& loop, const DumpOptions& options,
         std::function<bool(const TaskRecord&)> counts = nullptr)
      : loop_(&loop),
        options_(options),
        counts_(std::move(counts)),
        newest_(loop.newest_id()),
        now_(loop.now()),
        knows_heap_(detail::heap_charges.load(std::memory_order_relaxed) != nullptr),
        entries_(options) {
    const std::optional<TaskState>& state = options.filter.state;
    cursor_.only_orphans = state == TaskState::leaked || state == TaskState::orphan;
  }

  // False if more is left to do in another turn.
  bool go_on(TimePoint until) {
    while (step()) {
      if (work_ < work_between_looks_at_the_clock) continue;
      work_ = 0;
      if (std::chrono::steady_clock::now() >= until) return false;
    }
    return true;
  }

  Dump take_result() {
    dump_.live = loop_->metrics()->live_tasks.get();
    return std::move(dump_);
  }

  detail::LoopState& loop() const noexcept { return *loop_; }
  Duration slice() const noexcept { return options_.slice; }

 private:
  static constexpr std::size_t work_between_looks_at_the_clock = 32;

  // Handles one task or one entry; false if nothing is left.
  bool step() {
    ++work_;
    if (!all_seen_) {
      if (TaskRecord* task = loop_->next_task(cursor_)) {
        add(*task);
        return true;
      }
      all_seen_ = true;
    }
    if (!groups_.empty()) {
      entries_.add(std::move(groups_.begin()->second));
      groups_.erase(groups_.begin());
      return true;
    }
    return entries_.sort_one() || entries_.take_one(dump_.entries);
  }

  void add(const TaskRecord& task) {
    if (task.id > newest_ || !detail::matches(options_.filter, task, now_)) return;
    if (counts_ && !counts_(task)) return;
    ++dump_.matched;
    if (options_.full) {
      if (!entries_.wants({0, std::max(between(task.started, now_), Duration::zero()), task.id})) return;
      TaskGroup entry{1, task.bytes, detail::describe(task, now_), {}, {}};
      entry.waiting = entry.oldest.waits_for;
      entry.heap_bytes = entry.oldest.heap_bytes;
      work_ += entry.oldest.frames.size() + entry.oldest.frames_left_out / 32;
      entries_.add(std::move(entry));
    } else {
      add_to_group(task);
    }
  }

  void add_to_group(const TaskRecord& task) {
    std::optional<Duration> waits_for;
    if (!neighbor_.is_like(task)) {
      shape_.take(task);
      waits_for = shape_.awaits.waits_for;
      work_ += shape_.awaits.left_out / 32;
      const auto [at, is_new] = groups_.try_emplace(shape_);
      group_ = &at->second;
      // The tasks of a site are in the order of their starts, so the first one is the oldest.
      if (is_new) group_->oldest = detail::describe(task, now_);
      neighbor_.take(task);
    }
    ++group_->count;
    group_->frame_bytes += task.bytes;
    if (knows_heap_) detail::add_up(group_->heap_bytes, detail::heap_bytes_of(task));
    detail::add_up(group_->waiting, waits_for.value_or(detail::waits_for(task, now_)));
  }

  using Groups = std::unordered_map<Shape, TaskGroup, ShapeHash>;

  detail::Ref<detail::LoopState> loop_;
  const DumpOptions options_;
  const std::function<bool(const TaskRecord&)> counts_;  // empty: all that match the filter
  const std::uint64_t newest_;
  const TimePoint now_;
  const bool knows_heap_;
  detail::TaskCursor cursor_;
  bool all_seen_ = false;
  std::size_t work_ = 0;
  Shape shape_;
  Groups groups_;
  Neighbor neighbor_;           // the task before
  TaskGroup* group_ = nullptr;  // its group
  Entries entries_;
  Dump dump_;
};

void go_on(std::unique_ptr<Taking> taking, std::function<void(Dump)> done) {
  detail::EventLoop& events = taking->loop().events();
  events.post([taking = std::move(taking), done = std::move(done)]() mutable {
    if (taking->loop().closing()) return;
    if (!taking->go_on(later(std::chrono::steady_clock::now(), taking->slice()))) {
      go_on(std::move(taking), std::move(done));
      return;
    }
    Dump dump = taking->take_result();
    taking.reset();
    done(std::move(dump));
  });
}

}  // namespace

void take_dump(LoopBase& loop, const DumpOptions& options, std::function<void(Dump)> done) {
  loop.state().check_thread();
  go_on(std::make_unique<Taking>(loop.state(), options), std::move(done));
}

Dump take_dump(const LoopBase& loop, const DumpOptions& options) {
  loop.state().check_thread();
  Taking taking(loop.state(), options);
  (void)taking.go_on(TimePoint::max());
  return taking.take_result();
}

Dump detail::take_dump_of(const LoopBase& loop, const std::function<bool(const TaskRecord&)>& counts) {
  loop.state().check_thread();
  Taking taking(loop.state(), DumpOptions(), counts);
  (void)taking.go_on(TimePoint::max());
  return taking.take_result();
}

Dump merge(std::vector<Dump> dumps, const DumpOptions& options) {
  Dump merged;
  Entries entries(options);
  for (Dump& dump : dumps) {
    merged.live += dump.live;
    merged.matched += dump.matched;
    for (TaskGroup& entry : dump.entries) entries.add(std::move(entry));
  }
  while (entries.sort_one()) {
  }
  while (entries.take_one(merged.entries)) {
  }
  return merged;
}

std::string to_text(const Dump& dump) {
  std::string text = std::to_string(dump.matched) + " of " + std::to_string(dump.live) + " tasks\n";
  for (const TaskGroup& entry : dump.entries) text += "\n" + to_text(entry);
  return text;
}

}  // namespace leash
