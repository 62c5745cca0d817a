#include "leash/dump.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <source_location>
#include <unordered_map>
#include <utility>

#include "leash/detail/loop_state.hpp"
#include "leash/detail/task_record.hpp"

namespace leash {
namespace {

using detail::TaskRecord;

// What tasks of a group have in common. Compared by address where text would do: the same place in two
// translation units makes two groups, which merge() makes one.
struct Shape {
  std::uint16_t site = 0;
  TaskState state{};
  WaitKind wait{};
  bool uncancellable = false;
  std::vector<std::source_location> awaits;

  void take(const TaskRecord& task) {
    site = task.site;
    state = detail::state_of(task);
    wait = task.wait;
    uncancellable = task.uncancellable;
    awaits.clear();
    for (const auto* frame = task.innermost; frame; frame = frame->parent) awaits.push_back(frame->where);
  }
  static bool same_place(const std::source_location& a, const std::source_location& b) noexcept {
    return a.line() == b.line() && a.file_name() == b.file_name() && a.function_name() == b.function_name();
  }
  friend bool operator==(const Shape& a, const Shape& b) noexcept {
    return a.site == b.site && a.state == b.state && a.wait == b.wait && a.uncancellable == b.uncancellable &&
           std::ranges::equal(a.awaits, b.awaits, same_place);
  }
};

struct ShapeHash {
  std::size_t operator()(const Shape& shape) const noexcept {
    std::size_t hash =
        shape.site * 31u + static_cast<std::size_t>(shape.wait) * 7u + static_cast<std::size_t>(shape.state);
    const auto mix = [&hash](std::size_t value) { hash = (hash ^ value) * 0x9e3779b97f4a7c15u; };
    for (const std::source_location& at : shape.awaits) {
      mix(at.line());
      mix(reinterpret_cast<std::uintptr_t>(at.function_name()));
    }
    return hash;
  }
};

class Taking {
 public:
  Taking(detail::LoopState& loop, const DumpOptions& options,
         std::function<bool(const TaskRecord&)> counts = nullptr)
      : loop_(&loop),
        options_(options),
        counts_(std::move(counts)),
        newest_(loop.newest_id()),
        now_(loop.now()) {}

  // False when there is more to be done, in another turn.
  bool go_on(TimePoint until) {
    constexpr int tasks_between_looks_at_the_clock = 32;
    const auto is_time = [&](int n) {
      return n % tasks_between_looks_at_the_clock == 0 && std::chrono::steady_clock::now() >= until;
    };
    for (int n = 1; TaskRecord* task = loop_->next_task(cursor_); ++n) {
      add(*task);
      if (is_time(n)) return false;
    }
    if (dump_.entries.empty()) dump_.entries.reserve(oldest_.size());
    for (int n = 1; !oldest_.empty(); ++n) {
      dump_.entries.push_back({1, 0, std::move(oldest_.begin()->second)});
      dump_.entries.back().frame_bytes = dump_.entries.back().oldest.frame_bytes;
      dump_.entries.back().waiting = dump_.entries.back().oldest.waits_for;
      oldest_.erase(oldest_.begin());
      if (is_time(n)) return false;
    }
    return true;
  }

  Dump take_result() {
    dump_.live = loop_->metrics()->live_tasks.get();
    if (options_.full) return std::move(dump_);  // in order, and no more than wanted
    std::vector<Dump> one;
    one.push_back(std::move(dump_));
    return merge(std::move(one), options_);
  }

  detail::LoopState& loop() const noexcept { return *loop_; }
  Duration slice() const noexcept { return options_.slice; }

 private:
  void add(const TaskRecord& task) {
    if (task.id > newest_ || !detail::matches(options_.filter, task, now_)) return;
    if (counts_ && !counts_(task)) return;
    ++dump_.matched;
    if (options_.full) {
      add_if_old(task);
    } else {
      add_to_group(task);
    }
  }

  void add_if_old(const TaskRecord& task) {
    const std::pair age(task.started, task.id);
    if (oldest_.size() == options_.filter.limit) {
      if (oldest_.empty() || age > std::prev(oldest_.end())->first) return;
      oldest_.erase(std::prev(oldest_.end()));
    }
    oldest_.emplace_hint(oldest_.end(), age, detail::describe(task, now_));
  }

  void add_to_group(const TaskRecord& task) {
    const std::size_t at = group_of(task);
    // Tasks of a site come in the order of their starts: the first one is the oldest.
    if (at == dump_.entries.size()) dump_.entries.push_back({0, 0, detail::describe(task, now_)});
    ++dump_.entries[at].count;
    dump_.entries[at].frame_bytes += task.bytes;
    dump_.entries[at].waiting += detail::waits_for(task, now_);
  }

  std::size_t group_of(const TaskRecord& task) {
    shape_.take(task);
    // Neighbours are mostly alike.
    if (!(shape_ == last_shape_)) {
      last_at_ = groups_.try_emplace(shape_, dump_.entries.size()).first->second;
      last_shape_ = shape_;
    }
    return last_at_;
  }

  detail::Ref<detail::LoopState> loop_;
  const DumpOptions options_;
  const std::function<bool(const TaskRecord&)> counts_;  // empty: all that meet the filter
  const std::uint64_t newest_;
  const TimePoint now_;
  detail::TaskCursor cursor_;
  Shape shape_;
  Shape last_shape_;  // the one before, and where its group is
  std::size_t last_at_ = 0;
  std::unordered_map<Shape, std::size_t, ShapeHash> groups_;
  std::map<std::pair<TimePoint, std::uint64_t>, TaskInfo> oldest_;  // full: by start and number
  Dump dump_;
};

void go_on(std::unique_ptr<Taking> taking, std::function<void(Dump)> done) {
  detail::LoopState& loop = taking->loop();
  if (loop.closing()) return;
  if (taking->go_on(later(std::chrono::steady_clock::now(), taking->slice()))) {
    done(taking->take_result());
    return;
  }
  asio::post(loop.io(), [taking = std::move(taking), done = std::move(done)]() mutable {
    go_on(std::move(taking), std::move(done));
  });
}

}  // namespace

void take_dump(Loop& loop, const DumpOptions& options, std::function<void(Dump)> done) {
  loop.state().check_thread();
  go_on(std::make_unique<Taking>(loop.state(), options), std::move(done));
}

Dump take_dump(const Loop& loop, const DumpOptions& options) {
  loop.state().check_thread();
  Taking taking(loop.state(), options);
  (void)taking.go_on(TimePoint::max());
  return taking.take_result();
}

Dump detail::take_dump_of(const Loop& loop, const std::function<bool(const TaskRecord&)>& counts) {
  loop.state().check_thread();
  Taking taking(loop.state(), DumpOptions(), counts);
  (void)taking.go_on(TimePoint::max());
  return taking.take_result();
}

Dump merge(std::vector<Dump> dumps, const DumpOptions& options) {
  Dump merged;
  std::unordered_map<std::string, std::size_t> groups;
  for (Dump& dump : dumps) {
    merged.live += dump.live;
    merged.matched += dump.matched;
    for (TaskGroup& entry : dump.entries) {
      if (!options.full) {
        const auto [at, is_new] = groups.try_emplace(entry.key(), merged.entries.size());
        if (!is_new) {
          TaskGroup& same = merged.entries[at->second];
          same.count += entry.count;
          same.frame_bytes += entry.frame_bytes;
          same.waiting += entry.waiting;
          if (entry.oldest.age > same.oldest.age) same.oldest = std::move(entry.oldest);
          continue;
        }
      }
      merged.entries.push_back(std::move(entry));
    }
  }
  std::ranges::stable_sort(merged.entries, [&](const TaskGroup& a, const TaskGroup& b) {
    if (!options.full && a.count != b.count) return a.count > b.count;
    return a.oldest.age > b.oldest.age;
  });
  if (merged.entries.size() > options.filter.limit) merged.entries.resize(options.filter.limit);
  return merged;
}

std::string to_text(const Dump& dump) {
  std::string text = std::to_string(dump.matched) + " of " + std::to_string(dump.live) + " tasks\n";
  for (const TaskGroup& entry : dump.entries) text += "\n" + to_text(entry);
  return text;
}

}  // namespace leash
