// SPDX-License-Identifier: BSL-1.0
#include "leash/leak_check.hpp"

#include <algorithm>
#include <asio/post.hpp>
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

LeakReport report_on(const Dump& dump, bool deadlock) {
  LeakReport report;
  report.tasks = dump.matched;
  report.deadlock = deadlock;
  const std::string number = std::to_string(dump.matched) + (dump.matched == 1 ? " task" : " tasks");
  report.text = deadlock ? "deadlock: nothing can ever wake " + number + "\n"
                         : "found " + number + " that should have ended\n";
  for (const TaskGroup& entry : dump.entries) report.text += "\n" + to_text(entry);
  return report;
}

}  // namespace

std::optional<LeakReport> find_leaks(Loop& loop, const LeakOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait());
  bool any = false;
  bool deadlock = false;
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    any = options.finds_any(loop);
    if (!any || loop.state().in_turn()) break;
    deadlock = loop.state().deadlocked();
    if (deadlock) any = options.finds_any(loop);
    if (!any || deadlock || std::chrono::steady_clock::now() >= give_up) break;
    loop.io().restart();
    loop.io().run_for(pause);
  }
  options.clean_up(any ? 1 : 0);
  if (!any) return std::nullopt;
  return report_on(options.find(loop), deadlock);
}

std::optional<LeakReport> find_leaks(asio::io_context& io, const LeakOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait());
  std::vector<CoroutineInfo> left;
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    left = options.find_coroutines(&io);
    if (left.empty() || std::chrono::steady_clock::now() >= give_up) break;
    io.restart();
    io.run_for(pause);
  }
  options.clean_up(left.empty() ? 0 : 1);
  if (left.empty()) return std::nullopt;
  LeakReport report;
  report.tasks = left.size();
  report.text = "found " + std::to_string(left.size()) + (left.size() == 1 ? " coroutine" : " coroutines") +
                " that should have ended\n";
  for (const CoroutineInfo& each : left) report.text += "\n" + to_text(each);
  return report;
}

namespace {

// Taken by the loop's thread for a caller that may have stopped waiting; then the loop may be gone, too.
struct Look {
  std::promise<Dump> dump;
  std::atomic<bool> wanted{true};
};

}  // namespace

std::optional<LeakReport> find_leaks_elsewhere(Loop& loop, const LeakOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait());
  std::optional<LeakReport> report;
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    auto look = std::make_shared<Look>();
    auto seen = look->dump.get_future();
    asio::post(loop.io(), [look, options, &loop] {
      if (look->wanted.load()) look->dump.set_value(options.find(loop));
    });
    if (seen.wait_until(later(give_up, longest_pause)) != std::future_status::ready) {
      look->wanted.store(false);
      report.emplace();
      report->tasks = live_tasks(loop);
      report->text = "loop " + detail::quoted(loop.name()) + " does not answer\n";
      break;
    }
    const Dump dump = seen.get();
    if (dump.matched == 0) break;
    if (std::chrono::steady_clock::now() >= give_up) {
      report = report_on(dump, false);
      break;
    }
    std::this_thread::sleep_for(pause);
  }
  options.clean_up(report ? 1 : 0);
  return report;
}

namespace {

// Loops are told apart by their metrics: names may be equal.
struct SiteOfLoop {
  std::string text;
  std::shared_ptr<const Metrics> loop;
  friend auto operator<=>(const SiteOfLoop&, const SiteOfLoop&) = default;
};
// How many tasks of each site are alive in the loops that are there.
using Alive = std::map<SiteOfLoop, std::uint64_t>;

bool ignores(const WatchOptions& options, std::string_view place) {
  return std::ranges::any_of(options.ignore_sites,
                             [&](const std::string& part) { return detail::contains(part, place); });
}

std::string place_of(const SiteMetrics& site) { return site.file + (":" + std::to_string(site.line)); }
std::string describe_site(const std::string& loop, const SiteMetrics& site) {
  return "loop " + detail::quoted(loop) + ", started at " + detail::escaped(place_of(site)) + " by " +
         detail::escaped(readable_function(site.function));
}

Alive count_alive(const WatchOptions& options) {
  Alive alive;
  // Those that coroutines await are part of these.
  const auto of_coroutines = detail::tasks_of_coroutines();
  for (const auto& [loop, state] : detail::live_loops()) {
    for (const SiteMetrics& site : loop.metrics()->sites()) {
      std::uint64_t live = site.live();
      if (live == 0 || ignores(options, place_of(site))) continue;
      if (const auto awaited = of_coroutines.find({state, place_of(site)}); awaited != of_coroutines.end())
        live -= std::min(live, awaited->second);
      if (live > 0) alive[{describe_site(loop.name(), site), loop.metrics()}] += live;
    }
  }
  return alive;
}

// The coroutines that leash tasks await, beyond those with these ids.
std::string awaited_coroutines(const std::vector<std::uint64_t>& before) {
  CoroutineFilter filter;
  filter.without = before;
  std::vector<CoroutineGroup> groups = group_coroutines(filter);
  std::erase_if(groups, [](const CoroutineGroup& group) { return group.oldest.awaited_by == 0; });
  std::string text;
  for (const CoroutineGroup& group : groups) text += "\n" + to_text(group);
  return text.empty() ? text : "these tasks await coroutines\n" + text;
}

// What is alive beyond what was, once it has had time to end; empty: nothing.
std::string what_is_left(const Alive& before, const std::vector<std::uint64_t>& coroutines_before,
                         const WatchOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait);
  for (auto pause = std::chrono::nanoseconds(std::chrono::microseconds(1));;
       pause = std::min(pause * 2, std::chrono::nanoseconds(std::chrono::milliseconds(100)))) {
    std::string text;
    for (const auto& [site, count] : count_alive(options)) {
      const auto then = before.find(site);
      const std::uint64_t old = then == before.end() ? 0 : then->second;
      if (count > old) text += "    " + std::to_string(count - old) + " in " + site.text + "\n";
    }
    if (text.empty()) return {};
    if (std::chrono::steady_clock::now() >= give_up)
      return "tasks are alive in loops that still exist\n" + text + awaited_coroutines(coroutines_before);
    std::this_thread::sleep_for(pause);
  }
}

bool ignores(const WatchOptions& options, const CoroutineInfo& coroutine) {
  return ignores(options, to_text(coroutine.site));
}

// The tracked coroutines that are alive beyond those with these ids, once they have had time to end.
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

  void abandoned_by(const Loop& loop, const std::vector<TaskInfo>& tasks) {
    const std::lock_guard lock(mutex);
    const auto known = reported.find(loop.metrics());
    for (const TaskInfo& task : tasks) {
      const std::string place = task.site.file + ":" + std::to_string(task.site.line);
      if (ignores(options, place)) continue;
      if (known != reported.end()) {
        auto& left = known->second[place];
        if (left > 0) {
          --left;
          continue;
        }
      }
      abandoned.push_back(task);
    }
  }

  const WatchOptions options;
  std::mutex mutex;  // loops are destroyed on any thread
  Alive before;
  std::vector<std::uint64_t> coroutines_before;
  std::vector<std::string> coroutines_let_go;
  std::vector<TaskInfo> abandoned;
  std::map<std::shared_ptr<const Metrics>, std::map<std::string, std::uint64_t>> reported;  // by place
};

LeakCheck::LeakCheck(WatchOptions options)
    : state_(std::make_shared<State>(std::move(options))),
      hook_([state = state_](const Loop& loop, const std::vector<TaskInfo>& tasks) {
        state->abandoned_by(loop, tasks);
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
  state_->reported.clear();
}

void LeakCheck::leave_out(const Loop& loop) {
  const auto metrics = loop.metrics();
  const Alive now = count_alive(state_->options);
  const std::lock_guard lock(state_->mutex);
  auto& places = state_->reported[metrics];
  for (const SiteMetrics& site : metrics->sites()) {
    places[place_of(site)] = site.live();
    const SiteOfLoop key{describe_site(loop.name(), site), metrics};
    if (const auto alive = now.find(key); alive != now.end()) state_->before[key] = alive->second;
  }
}

}  // namespace leash
