// SPDX-License-Identifier: BSL-1.0
#include "leash/metrics.hpp"

#include <atomic>
#include <bit>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "leash/channel.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

// A place that the test chooses. The contents of a source_location are a part of the compilers' ABI.
struct Place {
  const char* file;
  const char* function;
  unsigned line;
  unsigned column;
};
std::source_location at(const Place& place) { return std::bit_cast<std::source_location>(&place); }

constexpr Place here{"server/here.cpp", "void here()", 10, 1};
constexpr Place there{"server/there.cpp", "void there()", 20, 1};

Task<> receives(Channel<int> ch) { (void)co_await ch.receive(); }
Task<> returns() { co_return; }
Task<Result<>> returns(Result<> result) { co_return result; }
Task<> ends_in_exception() {
  throw std::runtime_error("thrown");
  co_return;
}
Task<> nested(Channel<int> ch, int depth) {
  if (depth == 0) {
    (void)co_await ch.receive();
  } else {
    co_await nested(ch, depth - 1);
  }
}

class MetricsTest : public testing::LoopFixture {
 protected:
  using LoopFixture::LoopFixture;
  const SiteMetrics& site(const Place& place) const {
    for (const SiteMetrics& each : loop.metrics()->sites()) {
      if (std::string_view(each.file) == place.file && each.line == place.line) return each;
    }
    static const SiteMetrics none;
    return none;
  }
  std::uint64_t finished(const Place& place, Outcome outcome) const {
    return site(place).finished[static_cast<std::size_t>(outcome)].get();
  }
  std::uint64_t leaked(const Place& place, WaitKind kind) const {
    return site(place).leaked[static_cast<std::size_t>(kind)].get();
  }
  std::uint64_t done(Cause cause) const {
    return loop.metrics()->contexts_done[static_cast<std::size_t>(cause)].get();
  }
  void drop(std::uint64_t n = 1) {  // ends n of the tasks that wait for ch
    for (; n != 0; --n) EXPECT_TRUE(ch.try_send(0));
    poll();
  }
  Channel<int> ch;
};

// --- tasks, by site ---

TEST_F(MetricsTest, CountsLiveStartedAndFinishedPerStartSite) {
  for (int i = 0; i < 3; ++i) go(root(), receives(ch), {}, at(here));
  go(root(), receives(ch), {}, at(there));
  EXPECT_EQ(site(here).live(), 3u) << "from the start on, not from the first turn on";
  poll();
  EXPECT_EQ(site(here).started.get(), 3u);
  EXPECT_EQ(site(there).live(), 1u);
  EXPECT_EQ(live_tasks(loop), 4u);
  EXPECT_STREQ(site(here).function, here.function);
  drop(2);
  EXPECT_EQ(site(here).live(), 1u);
  EXPECT_EQ(site(here).started.get(), 3u);
  EXPECT_EQ(finished(here, Outcome::returned), 2u);
  drop(2);
  EXPECT_EQ(live_tasks(loop), 0u);
  EXPECT_EQ(loop.metrics()->sites().size(), 2u);
}

TEST_F(MetricsTest, TheSiteIsTheLineOfTheCall) {
  const std::uint32_t line = __LINE__ + 1;
  go(root(), returns());
  poll();
  ASSERT_EQ(loop.metrics()->sites().size(), 1u);
  EXPECT_STREQ(loop.metrics()->sites()[0].file, "tests/leash/report/metrics_test.cpp")
      << "from the source root";
  EXPECT_EQ(loop.metrics()->sites()[0].line, line);
}

TEST_F(MetricsTest, OutcomesSayHowTasksEnded) {
  expect_exceptions();
  auto [ctx, cancel] = with_cancel(root());
  const std::error_code broken = std::make_error_code(std::errc::io_error);
  // Under an owner that is alive.
  go(ctx, returns(), {}, at(here));
  go(ctx, returns(Result<>()), {}, at(here));
  go(ctx, returns(std::unexpected(broken)), {}, at(here));
  go(ctx, ends_in_exception(), {}, at(here));
  go(ctx, returns(std::unexpected(make_error_code(errc::canceled))), {}, at(here));
  go(ctx, returns(std::unexpected(make_error_code(errc::deadline_exceeded))), {}, at(here));
  poll();
  EXPECT_EQ(finished(here, Outcome::returned), 2u);
  EXPECT_EQ(finished(here, Outcome::error), 2u);
  EXPECT_EQ(finished(here, Outcome::canceled), 2u);
  EXPECT_EQ(loop.metrics()->exceptions.get(), 1u);
  // Under one that is done.
  cancel();
  go(ctx, returns(), {}, at(there));
  go(ctx, returns(Result<>()), {}, at(there));
  go(ctx, returns(std::unexpected(broken)), {}, at(there));
  poll();
  EXPECT_EQ(finished(there, Outcome::canceled), 1u) << "it cannot say whether it did its work";
  EXPECT_EQ(finished(there, Outcome::returned), 1u) << "it says that it did";
  EXPECT_EQ(finished(there, Outcome::error), 1u);
}

TEST_F(MetricsTest, CountsDestroyedTasksAsReaped) {
  start(
      [](Context ctx, Channel<int> c) -> Task<> {
        Scope s(ctx);
        s.go(receives(c), {}, at(here));
        s.go(nested(c, 3), {}, at(here));
        co_await sleep(1s);
      },
      ch);
  EXPECT_EQ(site(here).live(), 2u);
  advance(1s);
  EXPECT_EQ(finished(here, Outcome::reaped), 2u);
  EXPECT_EQ(site(here).live(), 0u);
  EXPECT_EQ(site(here).frame_bytes.get(), 0u);
}

TEST_F(MetricsTest, FrameBytesFollowTheChainOfAwaits) {
  go(root(), nested(ch, 0), {}, at(here));
  go(root(), nested(ch, 9), {}, at(there));
  const std::uint64_t one = site(here).frame_bytes.get();
  EXPECT_GT(one, 0u);
  EXPECT_EQ(site(there).frame_bytes.get(), one) << "the other frames are not made yet";
  poll();
  EXPECT_EQ(site(here).frame_bytes.get(), one);
  EXPECT_EQ(site(there).frame_bytes.get(), 10 * one);
  drop(2);
  EXPECT_EQ(site(here).frame_bytes.get(), 0u);
  EXPECT_EQ(site(there).frame_bytes.get(), 0u);
}

TEST_F(MetricsTest, TasksCountForTheRoleOfTheirOwner) {
  auto [request, cancel] = with_cancel(root(), Label("request", 1, Role::request));
  go(request, receives(ch), {}, at(here));
  go(with_cancel(request).ctx, receives(ch), {}, at(here));
  go(root(), receives(ch), {}, at(here));
  poll();
  EXPECT_EQ(site(here).live_by_role[static_cast<std::size_t>(Role::request)].get(), 2u);
  EXPECT_EQ(site(here).live_by_role[static_cast<std::size_t>(Role::system)].get(), 1u);
  drop(3);
  EXPECT_EQ(site(here).live(), 0u);
}

TEST_F(MetricsTest, TheOldestTaskOfASiteIsKnown) {
  Channel<int> second;
  const auto oldest = [this] { return TimePoint(Duration(site(here).oldest_started.load())); };
  const TimePoint begin = clock.now();
  go(root(), receives(ch), {}, at(here));
  advance(1s);
  go(root(), receives(second), {}, at(here));
  poll();
  EXPECT_EQ(oldest(), begin);
  drop();
  EXPECT_EQ(oldest(), begin + 1s);
  EXPECT_TRUE(second.try_send(1));
  poll();
  EXPECT_EQ(oldest(), TimePoint()) << "none";
}

// --- orphans, leaks, detached tasks ---

TEST_F(MetricsTest, TaskIsOrphanAfterOwnerAndLeakedAfterGrace) {
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, receives(ch), {}, at(here));
  advance(1h);
  EXPECT_EQ(site(here).orphaned.get(), 0u);
  cancel();
  EXPECT_EQ(site(here).orphaned.get(), 1u) << "when cancel returns";
  advance(1s - 1ns);
  EXPECT_EQ(site(here).leaked_now(), 0u);
  advance(1ns);
  EXPECT_EQ(site(here).leaked_now(), 1u);
  EXPECT_EQ(leaked(here, WaitKind::chan_receive), 1u);
  EXPECT_EQ(site(here).orphaned.get(), 1u) << "leaked ones are orphans";
  EXPECT_EQ(site(here).live(), 1u);
  EXPECT_EQ(site(here).leaks.get(), 1u);
  drop();
  EXPECT_EQ(site(here).leaked_now(), 0u);
  EXPECT_EQ(site(here).orphaned.get(), 0u);
  EXPECT_EQ(site(here).leaks.get(), 1u) << "also what leaked between two scrapes";
  EXPECT_EQ(finished(here, Outcome::canceled), 1u);
}

TEST_F(MetricsTest, OrphanEndingWithinGraceIsNoLeak) {
  auto [ctx, cancel] = with_timeout(root(), 1s);
  go(ctx, receives(ch), {}, at(here));
  advance(1s);
  EXPECT_EQ(site(here).orphaned.get(), 1u);
  advance(500ms);
  drop();
  advance(1h);
  EXPECT_EQ(site(here).leaks.get(), 0u);
}

TEST_F(MetricsTest, GraceOfLateTaskCountsFromItsStart) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  advance(1h);
  go(ctx, receives(ch), {}, at(here));
  poll();
  EXPECT_EQ(site(here).orphaned.get(), 1u);
  advance(999ms);
  EXPECT_EQ(site(here).leaks.get(), 0u);
  advance(1ms);
  EXPECT_EQ(site(here).leaks.get(), 1u);
  drop();
}

TEST_F(MetricsTest, OrphansLeakWhenTheirGraceEnds) {
  for (int i = 0; i < 3; ++i) {
    auto [ctx, cancel] = with_cancel(root());
    go(ctx, receives(ch), {}, at(here));
    advance(400ms);  // and its owner ends
  }
  std::vector<std::uint64_t> seen;
  for (int i = 0; i < 4; ++i) {
    seen.push_back(site(here).leaked_now());
    advance(400ms);
  }
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 1, 2, 3}));
  drop(3);
}

TEST_F(MetricsTest, CountsLeakedTaskUnderItsWaitKind) {
  auto [ctx, cancel] = with_cancel(root());
  go(
      ctx,
      [](Channel<int> c) -> Task<> {
        (void)co_await c.receive();
        co_await sleep(1h);
      }(ch),
      {}, at(here));
  cancel();
  advance(1s);
  EXPECT_EQ(leaked(here, WaitKind::chan_receive), 1u);
  EXPECT_TRUE(ch.try_send(1));
  EXPECT_EQ(leaked(here, WaitKind::none), 1u) << "ready, but it has not run yet";
  poll();
  EXPECT_EQ(leaked(here, WaitKind::sleep), 1u);
  EXPECT_EQ(site(here).leaked_now(), 1u);
  EXPECT_EQ(site(here).leaks.get(), 1u);
  advance(1h);
  EXPECT_EQ(site(here).leaked_now(), 0u);
}

TEST_F(MetricsTest, CountsTasksUnderEndlessOwnersAsDetached) {
  auto [ctx, cancel] = with_cancel(root());
  const Context apart = without_cancel(ctx);
  auto [below, cancel_below] = with_cancel(apart);
  go(root(), receives(ch), {}, at(here));
  go(apart, receives(ch), {}, at(here));
  go(ctx, receives(ch), {}, at(there));
  go(below, receives(ch), {}, at(there));
  cancel();
  advance(1h);
  EXPECT_EQ(site(here).detached.get(), 2u);
  EXPECT_EQ(site(here).orphaned.get(), 0u);
  EXPECT_EQ(site(there).detached.get(), 0u) << "their owners can end";
  EXPECT_EQ(site(there).orphaned.get(), 1u);
  drop(4);
  EXPECT_EQ(site(here).detached.get(), 0u);
}

TEST_F(MetricsTest, ADrainMakesOrphansOfTheRootsTasks) {
  go(root(), receives(ch), {}, at(here));
  go(without_cancel(root()), receives(ch), {}, at(there));
  poll();
  loop.drain();
  EXPECT_EQ(site(here).detached.get(), 0u);
  EXPECT_EQ(site(here).orphaned.get(), 1u);
  EXPECT_EQ(site(there).detached.get(), 1u);
  advance(1s);
  EXPECT_EQ(site(here).leaked_now(), 1u);
  EXPECT_EQ(site(there).leaked_now(), 0u);
  drop(2);
}

class MetricsWithLongGrace : public MetricsTest {
 protected:
  MetricsWithLongGrace() : MetricsTest(LoopOptions{.grace = 1min}) {}
};
class MetricsWithoutGrace : public MetricsTest {
 protected:
  MetricsWithoutGrace() : MetricsTest(LoopOptions{.grace = Duration::max()}) {}
};

TEST_F(MetricsWithLongGrace, TheGraceIsAnOption) {
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, receives(ch), {}, at(here));
  cancel();
  advance(1min - 1ns);
  EXPECT_EQ(site(here).leaks.get(), 0u);
  advance(1ns);
  EXPECT_EQ(site(here).leaks.get(), 1u);
  drop();
}

TEST_F(MetricsWithoutGrace, EndlessGracePreventsLeaks) {
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, receives(ch), {}, at(here));
  cancel();
  advance(100'000h);
  EXPECT_EQ(site(here).orphaned.get(), 1u);
  EXPECT_EQ(site(here).leaks.get(), 0u);
  drop();
}

TEST_F(MetricsTest, TheTimeFromTheOwnersEndToTheTasksEndIsObserved) {
  const auto& metrics = *loop.metrics();
  const std::vector<Duration> latencies{0ms, 500us, 501us, 30ms, 10s, 11s};
  Duration sum{};
  for (const Duration latency : latencies) {
    auto [ctx, cancel] = with_cancel(root());
    go(ctx, receives(ch));
    cancel();
    advance(latency);
    drop();
    sum += latency;
  }
  go(root(), receives(ch));  // its owner has not ended: not observed
  poll();
  drop();
  const auto bucket = [&](std::size_t i) { return metrics.cancel_latency[i].get(); };
  EXPECT_EQ(bucket(0), 2u) << "up to and with 0.5 ms";
  EXPECT_EQ(bucket(1), 1u);
  EXPECT_EQ(bucket(6), 1u) << "50 ms";
  EXPECT_EQ(bucket(13), 1u) << "10 s";
  EXPECT_EQ(bucket(14), 1u) << "longer than that";
  EXPECT_EQ(metrics.cancel_latency_nanoseconds.get(), static_cast<std::uint64_t>(Duration(sum).count()));
}

// --- contexts and timers ---

TEST_F(MetricsTest, ContextsAndTimersAreCounted) {
  const auto& metrics = *loop.metrics();
  EXPECT_EQ(metrics.contexts_live.get(), 0u) << "the root does not count";
  {
    auto a = with_cancel(root());
    auto b = with_timeout(a.ctx, 1h);
    auto no_timer = with_timeout(b.ctx, 2h);
    EXPECT_EQ(metrics.contexts_live.get(), 3u);
    EXPECT_EQ(metrics.timers_armed.get(), 1u);
    a.cancel();
    EXPECT_EQ(metrics.contexts_live.get(), 0u);
    EXPECT_EQ(metrics.contexts_held.get(), 3u);
    EXPECT_EQ(metrics.timers_armed.get(), 0u);
  }
  EXPECT_EQ(metrics.contexts_held.get(), 0u);
  EXPECT_EQ(done(Cause::canceled), 1u);
  EXPECT_EQ(done(Cause::parent), 2u);
}

TEST_F(MetricsTest, CausesOfContextsAreCounted) {
  { auto a = with_cancel(root()); }
  for (const std::error_code cause :
       {make_error_code(errc::finished), make_error_code(errc::disconnected), make_error_code(errc::shutdown),
        std::error_code(), std::make_error_code(std::errc::io_error)}) {
    auto a = with_cancel(root());
    a.cancel(cause);
  }
  auto late = with_timeout(root(), 0s, std::make_error_code(std::errc::io_error));
  auto timed = with_timeout(root(), 1s);
  advance(1s);
  auto born_done = with_cancel(timed.ctx);
  EXPECT_EQ(done(Cause::finished), 2u);
  EXPECT_EQ(done(Cause::disconnected), 1u);
  EXPECT_EQ(done(Cause::shutdown), 1u);
  EXPECT_EQ(done(Cause::canceled), 1u);
  EXPECT_EQ(done(Cause::other), 1u);
  EXPECT_EQ(done(Cause::deadline), 2u) << "whatever its cause";
  EXPECT_EQ(done(Cause::parent), 1u);
}

// --- sites ---

TEST(MetricsSites, TheSameTextIsTheSameSite) {
  const auto metrics = std::make_unique<Metrics>();
  const std::string copy = here.file;  // another pointer, as from another translation unit
  const Place same{copy.c_str(), here.function, here.line, 7};
  const Place next_line{here.file, here.function, here.line + 1, 1};
  const auto index = metrics->site(at(here));
  EXPECT_EQ(metrics->site(at(same)), index);
  EXPECT_EQ(metrics->site(at(here)), index);
  EXPECT_NE(metrics->site(at(next_line)), index);
  EXPECT_EQ(metrics->sites().size(), 2u);
}

TEST(MetricsSites, OverflowGoesToOther) {
  const auto metrics = std::make_unique<Metrics>();
  std::vector<Place> places;
  for (unsigned line = 1; line <= 2000; ++line) places.push_back({"many.cpp", "void many()", line, 1});
  for (int round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < places.size(); ++i) {
      EXPECT_EQ(metrics->site(at(places[i])), std::min(i, 255u)) << "line " << places[i].line;
    }
  }
  ASSERT_EQ(metrics->sites().size(), Metrics::max_sites);
  EXPECT_STREQ(metrics->sites()[254].file, "many.cpp");
  EXPECT_STREQ(metrics->sites()[255].file, "other");
  EXPECT_EQ(metrics->sites()[255].line, 0u);
}

TEST_F(MetricsTest, CountsTasksOfOverflowingSitesTogether) {
  std::vector<Place> places;
  for (unsigned line = 1; line <= 300; ++line) places.push_back({"many.cpp", "void many()", line, 1});
  for (const Place& place : places) go(root(), receives(ch), {}, at(place));
  poll();
  EXPECT_EQ(site({"other", "", 0, 0}).live(), 45u);
  EXPECT_EQ(site(places[254]).live(), 1u);
  EXPECT_EQ(snapshot(loop).size(), 300u);
  EXPECT_EQ(snapshot(loop)[299].site.file, "many.cpp") << "only metrics have a bound";
  drop(300);
  EXPECT_EQ(site({"other", "", 0, 0}).live(), 0u);
}

// --- other threads ---

TEST_F(MetricsTest, AreReadableWhileTheLoopIsStuck) {
  std::uint64_t seen = 0;
  start(
      [](Context, std::shared_ptr<const Metrics> metrics, std::uint64_t* out) -> Task<> {
        std::thread scrape([&] { *out = metrics->live_tasks.get() + metrics->sites()[0].live(); });
        scrape.join();  // the loop's thread only waits for the scrape
        co_return;
      },
      loop.metrics(), &seen);
  EXPECT_EQ(seen, 2u);
}

TEST_F(MetricsTest, AreReadableFromOtherThreadsWhileTasksComeAndGo) {
  std::atomic<bool> stop{false};
  std::atomic<int> looks{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&, metrics = loop.metrics()] {
      std::uint64_t started = 0, leaks = 0;
      while (!stop) {
        std::uint64_t now_started = 0, now_leaks = 0;
        for (const SiteMetrics& each : metrics->sites()) {
          EXPECT_NE(std::string_view(each.file), "") << "entered before it is complete";
          now_started += each.started.get();
          now_leaks += each.leaks.get();
        }
        EXPECT_GE(now_started, started);
        EXPECT_GE(now_leaks, leaks);
        EXPECT_LT(metrics->live_tasks.get(), 1000u);
        EXPECT_LT(metrics->contexts_live.get(), 1000u);
        started = now_started;
        leaks = now_leaks;
        ++looks;
      }
    });
  }
  std::vector<Place> places;
  for (unsigned line = 1; line <= 300; ++line) places.push_back({"come.cpp", "void come()", line, 1});
  for (unsigned i = 0; i < 300 || looks < 10; ++i) {
    auto [ctx, cancel] = with_timeout(root(), 1h);
    go(ctx, receives(ch), {}, at(places[i % places.size()]));
    cancel();
    advance(1s);
    drop();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

TEST(MetricsAndLoop, AreReadableAfterTheLoop) {
  expect_leaks();
  std::shared_ptr<const Metrics> metrics;
  {
    asio::io_context io{1};
    Loop loop{io};
    metrics = loop.metrics();
    Channel<int> ch;
    auto [ctx, cancel] = with_cancel(loop.background());
    go(ctx, receives(ch), {}, at(here));
    go(loop.background(), receives(ch), {}, at(there));
    io.poll();
  }
  ASSERT_EQ(metrics->sites().size(), 2u);
  for (const SiteMetrics& site : metrics->sites()) {
    EXPECT_EQ(site.started.get(), 1u);
    EXPECT_EQ(site.finished[static_cast<std::size_t>(Outcome::reaped)].get(), 1u);
    EXPECT_EQ(site.live(), 0u);
    EXPECT_EQ(site.orphaned.get(), 0u);
    EXPECT_EQ(site.detached.get(), 0u);
  }
  EXPECT_EQ(metrics->live_tasks.get(), 0u);
  EXPECT_EQ(metrics->contexts_live.get() + metrics->contexts_held.get(), 0u);
}

TEST(MetricsNames, AreThoseOfTheMetrics) {
  EXPECT_EQ(to_string(Role::request), "request");
  EXPECT_EQ(to_string(Role::system), "system");
  EXPECT_EQ(to_string(Outcome::returned), "returned");
  EXPECT_EQ(to_string(Outcome::error), "error");
  EXPECT_EQ(to_string(Outcome::canceled), "canceled");
  EXPECT_EQ(to_string(Outcome::reaped), "reaped");
  std::string all;
  for (std::size_t i = 0; i < causes; ++i) all += std::string(to_string(static_cast<Cause>(i))) + " ";
  EXPECT_EQ(all, "finished canceled deadline disconnected shutdown parent other ");
}

}  // namespace
}  // namespace leash
