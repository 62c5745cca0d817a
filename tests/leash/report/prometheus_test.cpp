// SPDX-License-Identifier: BSL-1.0
#include "leash/prometheus.hpp"

#include <prometheus/text_serializer.h>

#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "leash/channel.hpp"
#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

Task<> wait_for_number(Channel<int> ch) { (void)co_await ch.receive(); }
void start_task(const Context& ctx, const Channel<int>& ch) { go(ctx, wait_for_number(ch)); }

class PrometheusTest : public testing::LoopFixture {
 protected:
  // The samples of these loops by their names and labels; the site of start_task is SITE.
  std::map<std::string, double> samples(const MetricsOfLoops& loops) const {
    return samples(prometheus_families(loops, clock.now()));
  }
  static std::map<std::string, double> samples(const std::vector<prometheus::MetricFamily>& families) {
    std::istringstream text(prometheus::TextSerializer().Serialize(families));
    std::map<std::string, double> found;
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with("#")) continue;
      if (const std::size_t at = line.find("site=\"tests/leash/report/prometheus_test.cpp:");
          at != std::string::npos) {
        line.replace(at, line.find('"', at + 6) + 1 - at, "SITE");
      }
      const std::size_t space = line.rfind(' ');
      found[line.substr(0, space)] = std::stod(line.substr(space + 1));
    }
    return found;
  }
};

TEST_F(PrometheusTest, MetricsBecomeSamples) {
  Channel<int> ch;
  auto [ctx, cancel] = with_cancel(root(), Label("request", 1, Role::request));
  start_task(ctx, ch);
  start_task(ctx, ch);
  start_task(root(), ch);
  poll();
  cancel(errc::disconnected);
  advance(5s);
  auto now = samples({loop.metrics()});
  EXPECT_EQ(now["leash_tasks_live{SITE,role=\"request\"}"], 2);
  EXPECT_EQ(now["leash_tasks_live{SITE,role=\"system\"}"], 1);
  EXPECT_EQ(now["leash_tasks_leaked{SITE,wait=\"chan receive\"}"], 2);
  EXPECT_EQ(now["leash_tasks_orphaned{SITE}"], 2);
  EXPECT_EQ(now["leash_tasks_detached{SITE}"], 1);
  EXPECT_EQ(now["leash_task_oldest_age_seconds{SITE}"], 5);
  EXPECT_GT(now["leash_task_frame_bytes{SITE}"], 0);
  EXPECT_EQ(now["leash_tasks_started_total{SITE}"], 3);
  EXPECT_EQ(now["leash_task_leaks_total{SITE}"], 2);
  EXPECT_EQ(now["leash_contexts_done_total{cause=\"disconnected\"}"], 1);
  EXPECT_EQ(now["leash_contexts_held"], 1);
  ch.close();
  poll();
  now = samples({loop.metrics()});
  EXPECT_EQ(now["leash_tasks_live{SITE,role=\"request\"}"], 0);
  EXPECT_EQ(now["leash_tasks_finished_total{SITE,outcome=\"canceled\"}"], 2);
  EXPECT_EQ(now["leash_tasks_finished_total{SITE,outcome=\"returned\"}"], 1);
  EXPECT_EQ(now["leash_task_oldest_age_seconds{SITE}"], 0);
  EXPECT_EQ(now["leash_cancel_latency_seconds_count"], 2);
  EXPECT_EQ(now["leash_cancel_latency_seconds_sum"], 10);
  EXPECT_EQ(now["leash_cancel_latency_seconds_bucket{le=\"2.5\"}"], 0);
  EXPECT_EQ(now["leash_cancel_latency_seconds_bucket{le=\"5\"}"], 2);
}

TEST_F(PrometheusTest, ALatencyAboveTheLastBoundCounts) {
  auto [ctx, cancel] = with_cancel(root());
  Channel<int> ch;
  start_task(ctx, ch);
  poll();
  cancel();
  advance(1h);
  ch.close();
  poll();
  auto now = samples({loop.metrics()});
  EXPECT_EQ(now["leash_cancel_latency_seconds_bucket{le=\"10\"}"], 0);
  EXPECT_EQ(now["leash_cancel_latency_seconds_count"], 1);
}

Task<> wait_for_uncancelable(Context ctx, std::move_only_function<void()>* end) {
  auto start = [end](auto handler) { *end = std::move(handler); };
  auto token = via(ctx);
  auto operation = asio::async_initiate<Via, void()>(start, token);
  (void)co_await std::move(operation);
}

TEST_F(PrometheusTest, WaitsThatCannotBeCanceledAreCounted) {
  std::move_only_function<void()> end;
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, wait_for_uncancelable(ctx, &end));
  poll();
  EXPECT_EQ(samples({loop.metrics()})["leash_task_uncancellable_waits_total{SITE}"], 0);
  cancel();
  poll();
  EXPECT_EQ(samples({loop.metrics()})["leash_task_uncancellable_waits_total{SITE}"], 1);
  end();
  poll();
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST_F(PrometheusTest, TheSameSiteOfSeveralLoopsIsOne) {
  asio::io_context other_io{1};
  Loop other{other_io};
  Channel<int> ch;
  start_task(root(), ch);
  start_task(other.background(), ch);
  auto both = samples({loop.metrics(), other.metrics()});
  EXPECT_EQ(both["leash_tasks_live{SITE,role=\"system\"}"], 2);
  poll();
  other_io.poll();
  ch.close();
  other_io.restart();
  other_io.poll();
}

TEST_F(PrometheusTest, TheCollectorNeedsNoLoopToAnswer) {
  PrometheusCollector collector;
  EXPECT_TRUE(samples(collector.Collect()).contains("leash_contexts_live"));
  collector.add(loop);
  Channel<int> ch;
  start_task(root(), ch);
  double live = 0;
  // While this thread, the loop's, is busy.
  std::thread([&] { live = samples(collector.Collect())["leash_tasks_live{SITE,role=\"system\"}"]; }).join();
  EXPECT_EQ(live, 1);
  collector.remove(loop);
  EXPECT_FALSE(samples(collector.Collect()).contains("leash_tasks_live{SITE,role=\"system\"}"));
  ch.close();
}

}  // namespace
}  // namespace leash
