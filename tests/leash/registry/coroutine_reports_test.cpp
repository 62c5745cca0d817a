// SPDX-License-Identifier: BSL-1.0
// Coroutines in the leak check and in the metrics.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "leash/co_spawn.hpp"
#include "leash/coroutines.hpp"
#include "leash/gtest.hpp"
#include "leash/leak_check.hpp"
#include "leash/owner.hpp"
#include "leash/prometheus.hpp"

namespace leash {
namespace {

using asio::awaitable;
using asio::detached;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto never = asio::steady_timer::time_point::max();

awaitable<void> keep(asio::steady_timer& timer) { co_await timer.async_wait(asio::use_awaitable); }

TEST(CoroutineReports, FindLeaksOfAContext) {
  expect_leaks();
  asio::io_context io;
  asio::io_context other;
  asio::steady_timer timer(io, never);
  asio::steady_timer elsewhere(other, never);
  co_spawn(other, keep(elsewhere), detached);
  other.poll();
  LeakOptions options;
  options.maximum_wait(1ms);
  EXPECT_FALSE(find_leaks(io, options)) << "of another context";
  co_spawn(io, keep(timer), detached);
  io.poll();
  const auto leaks = find_leaks(io, options);
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->tasks, 1u);
  EXPECT_THAT(leaks->text, HasSubstr("found 1 coroutine that should have ended"));
  EXPECT_THAT(leaks->text, HasSubstr("[timer"));
  LeakOptions function = options;
  EXPECT_FALSE(find_leaks(io, function.ignore_top_function("keep")));
  LeakOptions site = options;
  EXPECT_FALSE(find_leaks(io, site.ignore_site("coroutine_reports_test.cpp")));
  LeakOptions current = options;
  EXPECT_FALSE(find_leaks(io, current.ignore_current_coroutines()));
  asio::post(io, [&] { timer.cancel(); });
  EXPECT_FALSE(find_leaks(io)) << "it ends while the check waits";
}

// Of the samples of coroutines of this file.
double sample(std::string_view family_name) {
  double sum = 0;
  for (const auto& family : prometheus_families({}, std::chrono::steady_clock::now())) {
    if (family.name != family_name) continue;
    for (const auto& metric : family.metric) {
      bool here = false;
      bool coroutine = family_name == "leash_tasks_stray";
      for (const auto& each : metric.label) {
        here |= each.name == "site" && each.value.find("coroutine_reports_test.cpp:") != std::string::npos;
        coroutine |= each.name == "kind" && each.value == "coroutine";
      }
      if (here && coroutine) sum += metric.gauge.value + metric.counter.value;
    }
  }
  return sum;
}

awaitable<void> spawn(asio::steady_timer& timer) {
  co_spawn(timer.get_executor(), keep(timer), detached);
  co_return;
}

TEST(CoroutineReports, HaveMetricsBesideTasks) {
  expect_leaks();
  const double live = sample("leash_tasks_live");
  const double started = sample("leash_tasks_started_total");
  const double finished = sample("leash_tasks_finished_total");
  const double bytes = sample("leash_task_frame_bytes");
  asio::io_context io;
  asio::steady_timer timer(io, never);
  co_spawn(io, spawn(timer), detached);
  io.poll();
  EXPECT_EQ(sample("leash_tasks_live"), live + 1);
  EXPECT_EQ(sample("leash_tasks_started_total"), started + 2);
  EXPECT_EQ(sample("leash_tasks_finished_total"), finished + 1);
  EXPECT_GT(sample("leash_task_frame_bytes"), bytes);
  EXPECT_EQ(sample("leash_tasks_stray"), 0) << "not before it has waited for long";
  set_patience(0s);
  EXPECT_EQ(sample("leash_tasks_stray"), 1);
  set_patience(30s);
}

TEST(CoroutineReports, HaveAMetricOfLeakedOnes) {
  expect_leaks();
  asio::io_context io;
  asio::steady_timer timer(io, never);
  const Owner owner("conn 17");
  leash::co_spawn(observe(owner), io, keep(timer), detached);
  io.poll();
  EXPECT_EQ(sample("leash_tasks_leaked"), 0);
  owner.end();
  while (sample("leash_tasks_leaked") == 0) std::this_thread::yield();  // after the grace
  EXPECT_EQ(sample("leash_tasks_leaked"), 1);
  EXPECT_EQ(sample("leash_tasks_stray"), 0);
}

TEST(CoroutineReports, AreEscaped) {
  CoroutineInfo info;
  info.label = info.owner = info.owner_cause = "a\ncoroutine 1 [forged]";
  info.owner_done_for = 1s;
  info.site = {"f\n", "a\x1b[2J.cpp", 7};
  info.frames = {{"g\nh", "b\n.cpp", 8}};
  EXPECT_EQ(to_text(info),
            "coroutine 0 [not started] \"a\\ncoroutine 1 [forged]\" detached: a\\ncoroutine 1 [forged] ended "
            "1.0s ago "
            "(a\\ncoroutine 1 [forged]), frames 0 B\n"
            "    g\\nh                 b\\n.cpp:8\n"
            "coroutine of             f\\n a\\x1b[2J.cpp:7\n");
  info = {};
  info.spawner = 1;
  info.spawned_by = "a\nb";
  EXPECT_THAT(to_text(info), HasSubstr(": spawned by a\\nb, frames"));
}

TEST(CoroutineReports, SayToWhatACoroutineBelongs) {
  const auto belongs = [](const CoroutineInfo& info) {
    const std::string text = to_text(info);
    const std::string before = "coroutine 0 [not started] ";
    EXPECT_THAT(text, StartsWith(before));
    return text.substr(before.size(), text.find(", frames") - before.size());
  };
  CoroutineInfo info;
  EXPECT_EQ(belongs(info), "detached");
  info.state = CoroutineState::spawned;
  info.spawner = 1;
  info.spawned_by = "serve";
  EXPECT_EQ(belongs(info), "spawned by serve");
  info.state = CoroutineState::stray;
  info.spawner_ended = true;
  EXPECT_EQ(belongs(info), "stray: spawned by serve, which ended");
  info.spawner_ended_for = 2s;
  EXPECT_EQ(belongs(info), "stray: spawned by serve, which ended 2.0s ago");
  info.state = CoroutineState::owned;
  info.owner = "request 7";
  EXPECT_EQ(belongs(info), "owned by request 7");
  info.state = CoroutineState::leaked;
  info.owner_done_for = 3s;
  info.owner_cause = "finished";
  EXPECT_EQ(belongs(info), "leaked: request 7 ended 3.0s ago (finished)");
  info.owner.clear();
  EXPECT_EQ(belongs(info), "leaked: its owner ended 3.0s ago (finished)");
}

awaitable<void> deep(asio::steady_timer& timer, int depth) {
  if (depth == 0) {
    co_await keep(timer);
  } else {
    co_await deep(timer, depth - 1);
  }
}

TEST(CoroutineReports, HaveABoundedNumberOfFrames) {
  expect_leaks();
  asio::io_context io;
  asio::steady_timer timer(io, never);
  co_spawn(io, deep(timer, 148), detached);
  io.poll();
  CoroutineFilter filter;
  filter.context = &io;
  const auto found = coroutines(filter);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].frames.size(), CoroutineInfo::max_frames);
  EXPECT_EQ(found[0].frames_left_out, 50u);
  EXPECT_EQ(found[0].frames.front().function, "keep");
  EXPECT_THAT(to_text(found[0]), HasSubstr("\n    ... 50 more ...\n"));
}

awaitable<void> named_to_deceive(asio::steady_timer& timer) {
  label("a\ncoroutine 1 [forged]");
  co_await keep(timer);
}

TEST(CoroutineReports, AreSeenByTheLeakCheck) {
  expect_leaks();
  WatchOptions options;
  options.maximum_wait = 1ms;
  LeakCheck check(options);
  {
    asio::io_context io;
    asio::steady_timer timer(io, never);
    co_spawn(io, named_to_deceive(timer), detached);
    io.poll();
    EXPECT_THAT(check.find(), AllOf(HasSubstr("coroutines are alive"), HasSubstr("[timer")));
    LeakCheck later(options);
    EXPECT_EQ(later.find(), "") << "what was alive before does not count";
  }
  EXPECT_THAT(check.find(), AllOf(HasSubstr("coroutines were destroyed while they waited"), HasSubstr("keep"),
                                  Not(HasSubstr("\ncoroutine 1 [forged]"))));
  check.restart();
  EXPECT_EQ(check.find(), "");
}

}  // namespace
}  // namespace leash
