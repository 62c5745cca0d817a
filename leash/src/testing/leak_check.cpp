// SPDX-License-Identifier: BSL-1.0
#include "leash/leak_check.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "../loop/loop_registry.hpp"
#include "../registry/escape.hpp"
#include "leash/coroutines.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/pattern.hpp"
#include "leash/dump.hpp"
#include "leash/metrics.hpp"

namespace leash {
namespace {

constexpr std::chrono::nanoseconds first_pause = std::chrono::microseconds(1);
constexpr std::chrono::nanoseconds longest_pause = std::chrono::milliseconds(100);

std::string counted(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

LeakReport report_on(const Dump& dump, const std::vector<ContextGroup>& contexts, bool deadlock) {
  LeakReport report;
  report.tasks = dump.matched;
  for (const ContextGroup& group : contexts) report.contexts += group.count;
  report.deadlock = deadlock;
  if (report.tasks > 0) {
    const std::string number = counted(report.tasks, "task");
    report.text = deadlock ? "deadlock: nothing can ever wake " + number + "\n"
                           : "found " + number + " that should have ended\n";
    for (const TaskGroup& entry : dump.entries) report.text += "\n" + to_text(entry);
  }
  if (report.contexts > 0) {
    if (report.tasks > 0) report.text += "\n";
    report.text +=
        "found " + counted(report.contexts, "context") + " not canceled although the owner has ended\n";
    for (const ContextGroup& group : contexts) report.text += "\n" + to_text(group);
  }
  return report;
}

}  // namespace

std::optional<LeakReport> find_leaks(LoopBase& loop, const LeakOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait());
  const auto finds_any = [&] { return options.finds_any(loop) || !options.find_contexts(loop).empty(); };
  bool any = false;
  bool deadlock = false;
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    any = finds_any();
    if (!any || loop.state().in_turn()) break;
    deadlock = loop.state().deadlocked();
    if (deadlock) any = finds_any();
    if (!any || deadlock || std::chrono::steady_clock::now() >= give_up) break;
    loop.state().events().restart();
    loop.state().events().run_for(pause);
  }
  options.clean_up(any ? 1 : 0);
  if (!any) return std::nullopt;
  return report_on(options.find(loop), options.find_contexts(loop), deadlock);
}

std::optional<LeakReport> detail::find_leaks(const void* execution_context,
                                             const std::function<void(std::chrono::nanoseconds)>& run_for,
                                             const LeakOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait());
  std::vector<CoroutineInfo> left;
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    left = options.find_coroutines(execution_context);
    if (left.empty() || std::chrono::steady_clock::now() >= give_up) break;
    run_for(pause);
  }
  options.clean_up(left.empty() ? 0 : 1);
  if (left.empty()) return std::nullopt;
  LeakReport report;
  report.tasks = left.size();
  report.text = "found " + counted(left.size(), "coroutine") + " that should have ended\n";
  for (const CoroutineInfo& each : left) report.text += "\n" + to_text(each);
  return report;
}

namespace {

// The loop's thread makes it for a caller that may have stopped waiting. Then the loop may have ended, too.
struct Look {
  struct Seen {
    Dump dump;
    std::vector<ContextGroup> contexts;
  };
  std::promise<Seen> seen;
  std::atomic<bool> wanted{true};
};

}  // namespace

std::optional<LeakReport> find_leaks_elsewhere(LoopBase& loop, const LeakOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait());
  std::optional<LeakReport> report;
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    auto look = std::make_shared<Look>();
    auto seen = look->seen.get_future();
    loop.state().events().post([look, options, &loop] {
      if (look->wanted.load()) look->seen.set_value({options.find(loop), options.find_contexts(loop)});
    });
    if (seen.wait_until(later(give_up, longest_pause)) != std::future_status::ready) {
      look->wanted.store(false);
      report.emplace();
      report->tasks = live_tasks(loop);
      report->text = "loop " + detail::quoted(loop.name()) + " does not answer\n";
      break;
    }
    const Look::Seen found = seen.get();
    if (found.dump.matched == 0 && found.contexts.empty()) break;
    if (std::chrono::steady_clock::now() >= give_up) {
      report = report_on(found.dump, found.contexts, false);
      break;
    }
    std::this_thread::sleep_for(pause);
  }
  options.clean_up(report ? 1 : 0);
  return report;
}

namespace {

// Loops are identified by their metrics, because names may be equal.
struct SiteOfLoop {
  std::string text;
  std::shared_ptr<const Metrics> loop;
  friend auto operator<=>(const SiteOfLoop&, const SiteOfLoop&) = default;
};
using Counts = std::map<SiteOfLoop, std::uint64_t>;
// What is alive in the loops that are there, by site.
struct Alive {
  Counts tasks;
  Counts contexts;  // whose owner is done
};

bool ignores(const WatchOptions& options, std::string_view place) {
  return std::ranges::any_of(options.ignore_sites,
                             [&](const std::string& part) { return detail::contains(part, place); });
}

std::string place_of(const auto& site) { return site.file + (":" + std::to_string(site.line)); }
std::string describe(const std::string& loop, const std::string& what, const SiteMetrics& site) {
  return "loop " + detail::quoted(loop) + ", " + what + " at " + detail::escaped(place_of(site)) + " by " +
         detail::escaped(readable_function(site.function));
}

Alive count_alive(const WatchOptions& options) {
  Alive alive;
  // Tasks that coroutines await are part of these.
  const auto of_coroutines = detail::tasks_of_coroutines();
  for (const auto& [loop, state] : detail::live_loops()) {
    for (const SiteMetrics& site : loop.metrics()->sites()) {
      if (ignores(options, place_of(site))) continue;
      std::uint64_t live = site.live();
      if (const auto awaited = of_coroutines.find({state, place_of(site)}); awaited != of_coroutines.end())
        live -= std::min(live, awaited->second);
      if (live > 0) alive.tasks[{describe(loop.name(), "started", site), loop.metrics()}] += live;
      if (const std::uint64_t contexts = site.contexts_orphaned.get(); contexts > 0)
        alive.contexts[{describe(loop.name(), "made", site), loop.metrics()}] += contexts;
    }
  }
  return alive;
}

// The coroutines that leash tasks await, without those with these ids.
std::string awaited_coroutines(const std::vector<std::uint64_t>& before) {
  CoroutineFilter filter;
  filter.without = before;
  std::vector<CoroutineGroup> groups = group_coroutines(filter);
  std::erase_if(groups, [](const CoroutineGroup& group) { return group.oldest.awaited_by == 0; });
  std::string text;
  for (const CoroutineGroup& group : groups) text += "\n" + to_text(group);
  return text.empty() ? text : "these tasks await coroutines\n" + text;
}

std::string beyond(const Counts& before, const Counts& now) {
  std::string text;
  for (const auto& [site, count] : now) {
    const auto then = before.find(site);
    const std::uint64_t old = then == before.end() ? 0 : then->second;
    if (count > old) text += "    " + std::to_string(count - old) + " in " + site.text + "\n";
  }
  return text;
}

// The tasks that are alive and were not before, after they had time to end; empty if there are none.
std::string what_is_left(const Alive& before, const std::vector<std::uint64_t>& coroutines_before,
                         const WatchOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait);
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    const Alive now = count_alive(options);
    const std::string tasks = beyond(before.tasks, now.tasks);
    const std::string contexts = beyond(before.contexts, now.contexts);
    if (tasks.empty() && contexts.empty()) return {};
    if (std::chrono::steady_clock::now() >= give_up) {
      std::string text;
      if (!tasks.empty())
        text = "tasks are alive in loops that still exist\n" + tasks + awaited_coroutines(coroutines_before);
      if (!contexts.empty())
        text += "contexts are not canceled although their owners have ended\n" + contexts;
      return text;
    }
    std::this_thread::sleep_for(pause);
  }
}

bool ignores(const WatchOptions& options, const CoroutineInfo& coroutine) {
  return ignores(options, to_text(coroutine.site));
}

// The live tracked coroutines without those with these ids, after they had time to end.
std::string coroutines_left(const std::vector<std::uint64_t>& before, const WatchOptions& options) {
  CoroutineFilter filter;
  filter.without = before;
  filter.without_awaited = true;
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait);
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    std::string text;
    for (const CoroutineGroup& entry : group_coroutines(filter)) {
      if (!ignores(options, entry.oldest)) text += "\n" + to_text(entry);
    }
    if (text.empty()) return {};
    if (std::chrono::steady_clock::now() >= give_up) return "coroutines are alive\n" + text;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

struct LeakCheck::State {
  explicit State(WatchOptions o)
      : options(std::move(o)), before(count_alive(options)), coroutines_before(coroutine_ids()) {}

  void let_go(const CoroutineInfo& coroutine) {
    const std::lock_guard lock(mutex);
    if (coroutine.awaited_by == 0 && !ignores(options, coroutine))
      coroutines_let_go.push_back(to_text(coroutine));
  }

  void abandoned_by(const LoopBase& loop, const std::vector<TaskInfo>& tasks,
                    const std::vector<ContextGroup>& contexts) {
    const std::lock_guard lock(mutex);
    Reported& known = reported[loop.metrics()];
    for (const TaskInfo& task : tasks) {
      const std::string place = place_of(task.site);
      if (ignores(options, place)) continue;
      if (std::uint64_t& left = known.tasks[place]; left > 0) {
        --left;
      } else {
        abandoned.push_back(task);
      }
    }
    for (const ContextGroup& group : contexts) {
      const std::string place = place_of(group.site);
      if (ignores(options, place)) continue;
      std::uint64_t& left = known.contexts[place];
      if (group.count > left) contexts_ended.push_back(to_text(group));
      left -= std::min<std::uint64_t>(left, group.count);
    }
  }

  const WatchOptions options;
  std::mutex mutex;  // loops may be destroyed on any thread
  Alive before;
  std::vector<std::uint64_t> coroutines_before;
  std::vector<std::string> coroutines_let_go;
  std::vector<TaskInfo> abandoned;
  std::vector<std::string> contexts_ended;  // with a loop, entries of reports
  struct Reported {                         // by place
    std::map<std::string, std::uint64_t> tasks;
    std::map<std::string, std::uint64_t> contexts;
  };
  std::map<std::shared_ptr<const Metrics>, Reported> reported;
};

LeakCheck::LeakCheck(WatchOptions options)
    : state_(std::make_shared<State>(std::move(options))),
      hook_([state = state_](const LoopBase& loop, const std::vector<TaskInfo>& tasks,
                             const std::vector<ContextGroup>& contexts) {
        state->abandoned_by(loop, tasks, contexts);
      }),
      let_go_(detail::watch_let_go(
          [state = state_](const CoroutineInfo& coroutine) { state->let_go(coroutine); })) {}
LeakCheck::~LeakCheck() { detail::unwatch_let_go(let_go_); }

std::string LeakCheck::find() {
  std::string text;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->abandoned.empty()) text = "a loop was destroyed with tasks alive\n";
    for (const TaskGroup& entry : group(state_->abandoned)) text += "\n" + to_text(entry);
    if (!state_->contexts_ended.empty())
      text += "a loop was destroyed with contexts not canceled although their owners had ended\n";
    for (const std::string& entry : state_->contexts_ended) text += "\n" + entry;
    if (!state_->coroutines_let_go.empty()) text += "coroutines were destroyed while they waited\n";
    for (const std::string& entry : state_->coroutines_let_go) text += "\n" + entry;
  }
  return text + find_in_live_loops();
}

std::string LeakCheck::find_in_live_loops() {
  std::unique_lock lock(state_->mutex);
  const Alive before = state_->before;
  const std::vector<std::uint64_t> coroutines_before = state_->coroutines_before;
  lock.unlock();
  return what_is_left(before, coroutines_before, state_->options) +
         coroutines_left(coroutines_before, state_->options);
}

void LeakCheck::restart() {
  const std::lock_guard lock(state_->mutex);
  state_->before = count_alive(state_->options);
  state_->coroutines_before = coroutine_ids();
  state_->coroutines_let_go.clear();
  state_->abandoned.clear();
  state_->contexts_ended.clear();
  state_->reported.clear();
}

void LeakCheck::leave_out(const LoopBase& loop) {
  const auto metrics = loop.metrics();
  const Alive now = count_alive(state_->options);
  const std::lock_guard lock(state_->mutex);
  const auto leave = [&](const Counts& alive, Counts& before) {
    for (const auto& [site, count] : alive) {
      if (site.loop == metrics) before[site] = count;
    }
  };
  leave(now.tasks, state_->before.tasks);
  leave(now.contexts, state_->before.contexts);
  State::Reported& places = state_->reported[metrics];
  for (const SiteMetrics& site : metrics->sites()) {
    places.tasks[place_of(site)] = site.live();
    places.contexts[place_of(site)] = site.contexts_orphaned.get();
  }
}

}  // namespace leash
