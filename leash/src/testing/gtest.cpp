// SPDX-License-Identifier: BSL-1.0
#include "leash/gtest.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "leash/detail/pattern.hpp"
#include "leash/src/loop/loop_registry.hpp"
#include "leash/src/registry/escape.hpp"

namespace leash {
namespace {

// How many tasks of each site are alive in the loops that are there.
using Alive = std::map<std::string, std::uint64_t>;

bool ignores(const WatchOptions& options, std::string_view place) {
  return std::ranges::any_of(options.ignore_sites,
                             [&](const std::string& part) { return detail::contains(part, place); });
}

Alive count_alive(const WatchOptions& options) {
  Alive alive;
  for (const detail::LoopEntry& loop : detail::live_loops()) {
    for (const SiteMetrics& site : loop.metrics->sites()) {
      if (site.live() == 0) continue;
      const std::string place = site.file + (":" + std::to_string(site.line));
      if (ignores(options, place)) continue;
      alive["loop " + detail::quoted(loop.name) + ", started at " + detail::escaped(place) + " by " +
            detail::escaped(readable_function(site.function))] += site.live();
    }
  }
  return alive;
}

// What is alive beyond what was, once it has had time to end; empty: nothing.
std::string what_is_left(const Alive& before, const WatchOptions& options) {
  const TimePoint give_up = later(std::chrono::steady_clock::now(), options.maximum_wait);
  for (auto pause = std::chrono::nanoseconds(std::chrono::microseconds(1));;
       pause = std::min(pause * 2, std::chrono::nanoseconds(std::chrono::milliseconds(100)))) {
    std::string text;
    for (const auto& [site, count] : count_alive(options)) {
      const auto then = before.find(site);
      const std::uint64_t old = then == before.end() ? 0 : then->second;
      if (count > old) text += "    " + std::to_string(count - old) + " in " + site + "\n";
    }
    if (text.empty()) return {};
    if (std::chrono::steady_clock::now() >= give_up)
      return "tasks are alive in loops that are still there\n" + text;
    std::this_thread::sleep_for(pause);
  }
}

class Watch final : public ::testing::EmptyTestEventListener {
 public:
  explicit Watch(WatchOptions options) : options_(std::move(options)) {
    detail::watch_abandoned([this](const std::vector<TaskInfo>& tasks) {
      const std::lock_guard lock(mutex_);
      for (const TaskInfo& task : tasks) {
        if (!ignores(options_, task.site.file + ":" + std::to_string(task.site.line)))
          abandoned_.push_back(task);
      }
    });
  }
  ~Watch() override { detail::watch_abandoned(nullptr); }

  void let_it() {
    const std::lock_guard lock(mutex_);
    expected_ = true;
  }

 private:
  void OnTestStart(const ::testing::TestInfo&) override {
    before_ = count_alive(options_);
    const std::lock_guard lock(mutex_);
    expected_ = false;
    abandoned_.clear();
  }
  void OnTestEnd(const ::testing::TestInfo&) override {
    std::string text;
    {
      const std::lock_guard lock(mutex_);
      if (expected_) return;
      if (!abandoned_.empty()) text = "the test destroyed a loop with tasks alive\n";
      for (const TaskGroup& entry : group(abandoned_)) text += "\n" + to_text(entry);
    }
    text += what_is_left(before_, options_);
    if (!text.empty()) ADD_FAILURE() << text;
  }

  const WatchOptions options_;
  Alive before_;
  std::mutex mutex_;  // of what follows: loops are destroyed on any thread
  bool expected_ = false;
  std::vector<TaskInfo> abandoned_;
};

Watch* the_watch = nullptr;

}  // namespace

void watch_tests(const WatchOptions& options) {
  check(the_watch == nullptr, "watch_tests was called twice");
  the_watch = new Watch(options);
  ::testing::UnitTest::GetInstance()->listeners().Append(the_watch);  // which owns it
}

void expect_leaks() {
  if (the_watch) the_watch->let_it();
}

int verify_main(const std::function<int()>& run, const MainOptions& options) {
  const Alive before = count_alive(options.watch);
  int status = run();
  if (status == 0 || options.run_on_failure) {
    const std::string text = what_is_left(before, options.watch);
    if (!text.empty()) {
      if (options.report) {
        options.report(text);
      } else {
        std::fputs(text.c_str(), stderr);
      }
      if (status == 0) status = 1;
    }
  }
  if (options.cleanup) options.cleanup(status);
  return status;
}

}  // namespace leash
