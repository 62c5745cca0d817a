#include "leash/snapshot.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>

#include "leash/context.hpp"
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

std::string place(const Frame& frame) { return frame.file + ":" + std::to_string(frame.line); }

}  // namespace

namespace detail {

Duration waits_for(const TaskRecord& task, TimePoint now) noexcept {
  if (task.wait == WaitKind::none) return Duration::zero();
  return std::max(now - task.waits_since, Duration::zero());
}

TaskInfo describe(const TaskRecord& task, TimePoint now) {
  TaskInfo info;
  info.id = task.id;
  info.name = task.name();
  info.loop = task.loop().name;
  const SiteMetrics& site = task.loop().metrics()->at(task.site);
  info.site = {readable_function(site.function), site.file, site.line};
  info.role = task.role();
  info.state = state_of(task);
  const Context owner(*task.owner);
  if (const Label label = owner.label(); label.name) {
    info.owner = label.number ? std::string(label.name) + " " + std::to_string(label.number) : label.name;
  }
  if (const Trace* trace = owner.value<Trace>()) info.trace = trace->id();
  if (const SignalNode& signal = *task.owner->signal; signal.done()) {
    info.owner_done_for = now - signal.done_at;
    info.owner_cause = signal.cause.message();
  }
  info.wait = task.wait;
  info.uncancellable = task.uncancellable;
  info.waits_for = waits_for(task, now);
  info.age = now - task.started;
  info.frame_bytes = task.bytes;
  for (const PromiseBase* frame = task.innermost; tracking && frame; frame = frame->parent) {
    info.frames.push_back(frame_at(frame->where));
  }
  return info;
}

}  // namespace detail

std::vector<TaskInfo> snapshot(const Loop& loop, const TaskFilter& filter) {
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
  if (oldest.uncancellable) key += "|cannot be cancelled";
  for (const Frame& frame : oldest.frames) key += "|" + frame.function + "@" + place(frame);
  return key;
}

std::vector<TaskGroup> group(const std::vector<TaskInfo>& tasks) {
  std::vector<TaskGroup> groups;
  std::map<std::string, std::size_t> index;
  for (const TaskInfo& task : tasks) {
    TaskGroup one{0, 0, task};
    const auto [at, is_new] = index.try_emplace(one.key(), groups.size());
    if (is_new) {
      groups.push_back(std::move(one));
    } else if (task.age > groups[at->second].oldest.age) {
      groups[at->second].oldest = task;
    }
    TaskGroup& same = groups[at->second];
    ++same.count;
    same.frame_bytes += task.frame_bytes;
    same.waiting += task.waits_for;
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const TaskGroup& a, const TaskGroup& b) { return a.count > b.count; });
  return groups;
}

std::string to_text(const TaskInfo& task) {
  std::string text = "task " + std::to_string(task.id) + " [" + std::string(to_string(task.wait));
  if (task.wait != WaitKind::none) text += ", " + detail::short_duration(task.waits_for);
  if (task.uncancellable) text += ", cannot be cancelled";
  text += "]";
  if (!task.name.empty()) text += " \"" + task.name + "\"";
  text += " " + std::string(to_string(task.state));
  if (task.owner_done_for) {
    text += ": " + (task.owner.empty() ? std::string("its owner") : task.owner) + " ended " +
            detail::short_duration(*task.owner_done_for) + " ago (" + task.owner_cause + ")";
  } else if (!task.owner.empty()) {
    text += " by " + task.owner;
  }
  text += ", holds " + detail::short_bytes(task.frame_bytes) + "\n";
  for (const Frame& frame : task.frames) detail::append_columns(text, "    " + frame.function, place(frame));
  detail::append_columns(text, "started at", place(task.site) + " by " + task.site.function);
  if (!task.trace.empty()) detail::append_columns(text, "trace", task.trace);
  return text;
}

std::string to_text(const TaskGroup& group) {
  if (group.count == 1) return to_text(group.oldest);
  return std::to_string(group.count) + " tasks like this one, the oldest; they hold " +
         detail::short_bytes(group.frame_bytes) + "\n" + to_text(group.oldest);
}

}  // namespace leash
