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

#include "leash/coroutines.hpp"
#include "leash/gtest.hpp"
#include "leash/leak_check.hpp"
#include "leash/prometheus.hpp"

namespace leash {
namespace {

using asio::awaitable;
using asio::detached;
using namespace std::chrono_literals;
using testing::HasSubstr;

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

TEST(CoroutineReports, HaveMetricsBesideTasks) {
  expect_leaks();
  asio::io_context io;
  asio::steady_timer timer(io, never);
  co_spawn(io, keep(timer), detached);
  io.poll();
  double live = 0;
  for (const auto& family : prometheus_families({}, std::chrono::steady_clock::now())) {
    if (family.name != "leash_tasks_live") continue;
    for (const auto& metric : family.metric) {
      bool is_coroutine = false;
      for (const auto& each : metric.label) is_coroutine |= each.name == "kind" && each.value == "coroutine";
      if (is_coroutine) live += metric.gauge.value;
    }
  }
  EXPECT_EQ(live, static_cast<double>(live_coroutines()));
  EXPECT_GE(live, 1);
}

}  // namespace
}  // namespace leash
