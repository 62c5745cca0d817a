// SPDX-License-Identifier: BSL-1.0
// Makes a dump of the tasks that a Reader reads: filters and groups them.
#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "leash/detail/pattern.hpp"
#include "reader.hpp"

namespace leash::outside {
namespace {

// What tasks of a group have in common.
using Shape =
    std::tuple<std::uint16_t, TaskState, WaitKind, bool, bool, bool, std::vector<std::uint64_t>, std::size_t>;

struct Group {
  RawTask oldest;
  std::size_t count = 0;
  std::size_t bytes = 0;
  std::uint64_t waits_since = 0;  // the sum over all that wait; it may wrap
  std::size_t waiting = 0;
};

}  // namespace

Dump Reader::dump(const DumpOptions& options) {
  Dump all;
  std::vector<Dump> of_loops;
  for (const std::uint64_t loop : loops()) {
    Dump dump;
    std::vector<Group> groups;
    std::map<Shape, Group> list;  // the groups of the list that is read now
    std::vector<RawTask> tasks;   // of it, with `full`
    std::vector<RawTask> oldest;
    std::size_t seen = 0;
    const std::int64_t start = now(loop);
    const TaskFilter& filter = options.filter;
    const auto matches = [&](const RawTask& task) {
      const bool right_state = !filter.state || task.state == *filter.state ||
                               (*filter.state == TaskState::orphan && task.state == TaskState::leaked);
      if (!right_state) return false;
      if (filter.min_age > Duration::zero() && since(start, task.started) < filter.min_age) return false;
      if (!filter.name.empty() &&
          (task.name == 0 || !detail::contains(filter.name, text_at(task.name, longest_name)))) {
        return false;
      }
      if (filter.site.empty()) return true;
      const Frame& place = site_of(task).place;
      return detail::contains(filter.site, place.file + ":" + std::to_string(place.line));
    };
    const auto add = [&](RawTask task) {
      ++seen;
      if (!matches(task)) return;
      if (options.full) {
        tasks.push_back(std::move(task));
        return;
      }
      Group& group = list[{task.site, task.state, task.wait, task.uncancellable, task.stranded, task.running,
                           task.awaits, task.frames_left_out}];
      group.bytes += task.bytes;
      if (task.wait != WaitKind::none) {
        group.waits_since += static_cast<std::uint64_t>(task.waits_since);
        ++group.waiting;
      }
      // They are in the order of their starts.
      if (group.count++ == 0) group.oldest = std::move(task);
    };
    const auto drop = [&] {
      list.clear();
      tasks.clear();
      seen = 0;
    };
    const auto commit = [&] {
      dump.live += seen;
      for (auto& [shape, group] : list) {
        dump.matched += group.count;
        groups.push_back(std::move(group));
      }
      dump.matched += tasks.size();
      std::ranges::move(tasks, std::back_inserter(oldest));
      if (oldest.size() > filter.limit) {
        std::ranges::sort(oldest, {}, [](const RawTask& task) { return std::pair(task.started, task.id); });
        oldest.resize(filter.limit);
      }
      drop();
    };
    each_task(loop, add, commit, drop);
    const std::int64_t end = now(loop);
    for (const RawTask& task : oldest) {
      TaskInfo info = describe(task, end);
      const Duration waits_for = info.waits_for;
      const std::size_t bytes = info.frame_bytes;
      dump.entries.push_back({1, bytes, std::move(info), waits_for});
    }
    for (const Group& group : groups) {
      const std::uint64_t waiting = group.waiting * static_cast<std::uint64_t>(end) - group.waits_since;
      dump.entries.push_back(
          {group.count, group.bytes, describe(group.oldest, end),
           Duration(static_cast<std::int64_t>(
               std::min(waiting, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))))});
    }
    of_loops.push_back(std::move(dump));
  }
  return merge(std::move(of_loops), options);
}

}  // namespace leash::outside
