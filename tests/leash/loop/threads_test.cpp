// SPDX-License-Identifier: BSL-1.0
// Actions that other threads may perform while a loop runs: posting to it, canceling through a RemoteCancel, reading
// its metrics. Most of these tests check little themselves, because they are for ThreadSanitizer.
#include "leash/gtest.hpp"
#include "leash/loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "leash/after_func.hpp"
#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/metrics.hpp"
#include "leash/remote_channel.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "leash/via.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

constexpr unsigned thread_count = 4;

// f(0), f(1), ... each on a thread of its own, all at once; returns when all have returned.
template <class F>
void on_threads(F f) {
  std::latch all_are_there(thread_count);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      all_are_there.arrive_and_wait();
      f(t);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A loop that is run by a thread of its own.
class RunningLoop {
 public:
  RunningLoop() { run(); }
  RunningLoop(const RunningLoop&) = delete;
  RunningLoop& operator=(const RunningLoop&) = delete;
  ~RunningLoop() { halt(); }

  // f(), on the loop's thread.
  template <class F>
  auto ask(F f) {
    std::packaged_task<decltype(f())()> task(std::move(f));
    auto answer = task.get_future();
    asio::post(io, std::move(task));
    return answer.get();
  }
  // Waits until `condition`, which is called on the loop's thread, is true; false after ten seconds.
  template <class Condition>
  bool eventually(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!ask(condition)) {
      if (std::chrono::steady_clock::now() > give_up) return false;
    }
    return true;
  }
  bool all_tasks_end() {
    return eventually([this] { return live_tasks(loop) == 0; });
  }
  // The thread ends; what is pending stays pending.
  void halt() {
    if (!thread_.joinable()) return;
    io.stop();
    thread_.join();
  }
  void run() {
    io.restart();
    thread_ = std::thread([this] { io.run(); });
  }

  asio::io_context io{1};
  Loop loop{io};

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io);
  std::thread thread_;
};

std::uint64_t finished(const Metrics& metrics) {
  std::uint64_t sum = 0;
  for (const SiteMetrics& site : metrics.sites()) {
    for (const Figure& each : site.finished) sum += each.get();
  }
  return sum;
}
std::uint64_t done(const Metrics& metrics) {
  std::uint64_t sum = 0;
  for (const Figure& each : metrics.contexts_done) sum += each.get();
  return sum;
}

// Waits in one of several ways until its context ends.
Task<> waits(Context ctx, unsigned how, std::vector<std::error_code>* errors) {
  std::error_code error;
  if (how % 4 == 0) {
    Channel<int> nobody;
    const auto r = co_await nobody.receive(ctx);
    if (!r) error = r.error();
  } else if (how % 4 == 1) {
    const auto r = co_await sleep(ctx, 1h);
    if (!r) error = r.error();
  } else if (how % 4 == 2) {
    asio::steady_timer timer(detail::io_context_of(*ctx.node().signal->loop), 1h);
    const auto r = co_await timer.async_wait(via(ctx));
    if (!r) error = r.error();
  } else {
    co_await ctx.done();
    error = ctx.err();
  }
  errors->push_back(error);
}

TEST(Threads, ContextsCanceledByPostFromFourThreadsAtOnce) {
  constexpr unsigned count = 200;
  const std::vector<std::error_code> causes{errc::canceled, errc::disconnected, errc::shutdown,
                                            errc::finished};
  RunningLoop running;
  std::vector<Cancelable> contexts;  // touched on the loop's thread only
  std::vector<std::error_code> errors;
  running.ask([&] {
    contexts.reserve(count);
    for (unsigned i = 0; i < count; ++i) {
      const Context parent = i % 3 == 0 ? running.loop.background() : contexts[i / 2].ctx;
      contexts.push_back(i % 2 ? with_timeout(parent, 1h) : with_cancel(parent));
      go(contexts.back().ctx, waits(contexts.back().ctx, i, &errors));
    }
  });
  on_threads([&](unsigned t) {
    for (unsigned i = 0; i < count; ++i) {
      const unsigned which = (i * 37 + t * 53) % count;
      asio::post(running.loop.io(), [&contexts, which, cause = causes[t]] {
        contexts[which].cancel(cause);
        EXPECT_TRUE(contexts[which].ctx.is_done());
      });
    }
  });
  EXPECT_TRUE(running.all_tasks_end());
  running.ask([&] {
    EXPECT_EQ(errors, std::vector<std::error_code>(count, errc::canceled));
    for (const Cancelable& each : contexts) {
      EXPECT_EQ(each.ctx.err(), errc::canceled);
      EXPECT_NE(std::find(causes.begin(), causes.end(), each.ctx.cause()), causes.end());
    }
    contexts.clear();
  });
  EXPECT_EQ(done(*running.loop.metrics()), count) << "each once";
  EXPECT_EQ(running.loop.metrics()->contexts_held.get(), 0u);
  EXPECT_EQ(running.loop.metrics()->timers_armed.get(), 0u);
}

TEST(Threads, ContextsAndTasksComeAndGoByPostsFromFourThreads) {
  constexpr unsigned count = 200;
  RunningLoop running;
  std::vector<std::error_code> errors;
  std::atomic<unsigned> callbacks{0};
  auto parent =
      std::make_unique<Cancelable>(running.ask([&] { return with_cancel(running.loop.background()); }));
  on_threads([&](unsigned t) {
    for (unsigned i = 0; i < count; ++i) {
      // The parent ends in the middle. Children made later are done from the start.
      if (t == 0 && i == count / 2) asio::post(running.io, [&] { parent->cancel(); });
      const auto made = std::make_shared<std::optional<Cancelable>>();
      asio::post(running.io, [&, made, i] {
        made->emplace(with_timeout(parent->ctx, 1h));
        go((*made)->ctx, waits((*made)->ctx, i, &errors));
        after_func((*made)->ctx, [&] { ++callbacks; }).detach();
      });
      asio::post(running.io, [made] { made->reset(); });
    }
  });
  EXPECT_TRUE(running.all_tasks_end());
  EXPECT_TRUE(running.eventually([&] { return callbacks == thread_count * count; }));
  running.ask([&] {
    EXPECT_EQ(errors, std::vector<std::error_code>(thread_count * count, errc::canceled));
    parent.reset();
  });
  EXPECT_EQ(running.loop.metrics()->contexts_live.get() + running.loop.metrics()->contexts_held.get(), 0u);
}

TEST(Threads, CopyCallAndDropRemoteCancelsOfEndingContexts) {
  constexpr unsigned count = 100;
  RunningLoop running;
  std::vector<Cancelable> contexts;
  std::vector<std::error_code> errors;
  std::vector<std::vector<RemoteCancel>> remotes(thread_count);
  running.ask([&] {
    for (unsigned i = 0; i < count; ++i) {
      contexts.push_back(with_cancel(running.loop.background()));
      go(contexts.back().ctx, waits(contexts.back().ctx, i, &errors));
      for (auto& each : remotes) each.push_back(contexts.back().cancel.remote());
    }
  });
  on_threads([&](unsigned t) {
    while (!remotes[t].empty()) {
      const RemoteCancel copy = remotes[t].back();
      remotes[t].pop_back();
      copy(errc::disconnected);
      // Meanwhile they also end and are destroyed on their own thread.
      if (t == 0) asio::post(running.io, [&] { contexts.erase(contexts.begin()); });
    }
  });
  EXPECT_TRUE(running.all_tasks_end());
  running.ask([&] { EXPECT_EQ(errors, std::vector<std::error_code>(count, errc::canceled)); });
  EXPECT_EQ(running.loop.metrics()->contexts_held.get(), 0u) << "a RemoteCancel keeps none";
}

TEST(Threads, MetricsAreReadFromOtherThreadsWhileTheLoopRuns) {
  RunningLoop running;
  std::atomic<bool> stop{false};
  std::atomic<unsigned> looks{0};
  std::thread churn([&] {
    std::vector<std::error_code> errors;
    for (unsigned i = 0; i < 300 || looks < 100; ++i) {
      running.ask([&] {
        auto [ctx, cancel] = with_timeout(running.loop.background(), 1h);
        for (unsigned how = 0; how < 4; ++how) go(ctx, waits(ctx, how, &errors));
        go(ctx, [](Context c) -> Task<> {
          Scope s(c);
          s.go([](Context inner) -> Task<> { (void)co_await sleep(inner, 1h); }(s.ctx()));
          (void)co_await s.join();
        }(ctx));
      });
    }
    EXPECT_TRUE(running.all_tasks_end());
    stop = true;
  });
  on_threads([&](unsigned) {
    std::uint64_t last_finished = 0, last_done = 0;
    while (!stop) {
      const auto metrics = running.loop.metrics();
      const std::uint64_t now_finished = finished(*metrics), now_done = done(*metrics);
      EXPECT_GE(now_finished, last_finished);
      EXPECT_GE(now_done, last_done);
      last_finished = now_finished;
      last_done = now_done;
      for (const SiteMetrics& site : metrics->sites()) {
        EXPECT_TRUE(std::string_view(site.file).ends_with("threads_test.cpp")) << site.file;
        EXPECT_LT(site.live(), 1'000'000u) << "never below zero";
        EXPECT_LT(site.orphaned.get(), 1'000'000u);
        EXPECT_LT(site.frame_bytes.get(), 1'000'000'000u);
        (void)site.oldest_started.load();
      }
      EXPECT_LT(live_tasks(running.loop), 1'000'000u);
      EXPECT_LT(metrics->contexts_live.get(), 1'000'000u);
      EXPECT_LT(metrics->timers_armed.get(), 1'000'000u);
      (void)metrics->cancel_latency_nanoseconds.get();
      (void)frame_pool_usage();
      ++looks;
    }
  });
  churn.join();
  const auto metrics = running.loop.metrics();
  std::uint64_t started = 0;
  for (const SiteMetrics& site : metrics->sites()) started += site.started.get();
  EXPECT_EQ(finished(*metrics), started) << "in the end everything fits";
  EXPECT_EQ(metrics->sites().size(), 3u);
}

TEST(Threads, MayReadMetricsAndCancelWhileLoopEnds) {
  expect_leaks();
  asio::io_context io{1};
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    std::latch all_are_there(3);
    {
      Loop loop{io};
      std::vector<std::error_code> errors;
      auto [ctx, cancel] = with_cancel(loop.background());
      for (unsigned how = 0; how < 8; ++how) go(ctx, waits(ctx, how, &errors));
      io.restart();
      io.poll();
      threads.emplace_back([&, remote = cancel.remote()] {
        all_are_there.arrive_and_wait();
        for (int i = 0; i < 1000 && !stop; ++i) remote();
      });
      threads.emplace_back([&, metrics = loop.metrics()] {
        all_are_there.arrive_and_wait();
        while (!stop) EXPECT_LE(metrics->live_tasks.get(), 8u);
        EXPECT_EQ(metrics->live_tasks.get(), 0u);
      });
      all_are_there.arrive_and_wait();
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    io.restart();
    io.poll();
  }
}

TEST(Threads, LoopMayMoveBetweenThreads) {
  RunningLoop running;
  std::vector<std::error_code> errors;
  std::vector<Cancelable> contexts;
  for (unsigned i = 0; i < 40; ++i) {  // frames and contexts are made here and released there
    running.ask([&] {
      contexts.push_back(with_timeout(running.loop.background(), 1h));
      go(contexts.back().ctx, waits(contexts.back().ctx, i, &errors));
      if (i % 3 == 2) contexts.erase(contexts.begin());
    });
    running.halt();
    running.run();
  }
  running.ask([&] { contexts.clear(); });
  EXPECT_TRUE(running.all_tasks_end());
  running.ask([&] { EXPECT_EQ(errors, std::vector<std::error_code>(40, errc::canceled)); });
}

TEST(Threads, ALoopWhoseThreadHasEndedMayBeUsedByAnother) {
  asio::io_context io{1};
  const auto work = asio::make_work_guard(io);  // it does not stop
  Loop loop{io};
  Channel<int> ch;
  std::thread([&] {
    go(loop.background(), [](Channel<int> c) -> Task<> { (void)co_await c.receive(); }(ch));
    io.poll();
  }).join();
  EXPECT_EQ(live_tasks(loop), 1u);
  EXPECT_TRUE(ch.try_send(1));
  io.poll();
  EXPECT_EQ(live_tasks(loop), 0u);
}

Task<> works(Context ctx, asio::io_context& io, int* sum) {
  Scope s(ctx);
  Channel<int> ch;
  for (int i = 1; i <= 10; ++i) {
    s.go([](Context c, Channel<int> out, int value) -> Task<Result<>> {
      auto [timed, cancel] = with_timeout(c, 1h);
      const auto sent = co_await out.send(timed, value);
      co_return sent;
    }(s.ctx(), ch, i));
  }
  for (int i = 0; i < 10; ++i) {
    const auto v = co_await ch.receive(ctx);
    *sum += v.value_or(-100);
    co_await asio::post(io, via(ctx));
  }
  const auto joined = co_await s.join();
  EXPECT_TRUE(joined);
}

TEST(Threads, LoopsOfDifferentThreadsShareNothing) {
  on_threads([](unsigned t) {
    asio::io_context io{1};
    Loop loop{io, {.name = std::to_string(t)}};
    int sum = 0;
    for (int i = 0; i < 100; ++i) go(loop.background(), works(loop.background(), io, &sum), "works");
    io.run_one();
    for (const TaskInfo& task : snapshot(loop)) EXPECT_EQ(task.loop, std::to_string(t));
    while (live_tasks(loop) != 0 && io.run_one() != 0) continue;
    EXPECT_EQ(live_tasks(loop), 0u);
    EXPECT_EQ(sum, 100 * 55);
    EXPECT_EQ(finished(*loop.metrics()), 1100u);
  });
}

struct Job {
  std::string name;
};
Task<> run(Context, Job job) {
  EXPECT_EQ(job.name, "crosses");
  co_return;
}

// [work_crosses]
void start_on(leash::Loop& other, Job job) {  // any thread
  asio::post(other.io(), [&other, job = std::move(job)]() mutable {
    leash::go(other.background(), run(other.background(), std::move(job)), "job");
  });
}
// [/work_crosses]

TEST(Threads, WorkCrossesByPost) {
  asio::io_context io{1};
  Loop loop{io};
  std::thread other([&] { start_on(loop, Job{"crosses"}); });
  other.join();
  (void)loop.run();
  EXPECT_EQ(live_tasks(loop), 0u);
}

// --- misuse: one message each, in every build ---

// A loop whose thread waits for events, after a turn.
struct Idle {
  Idle() {
    go(loop.background(), [](std::binary_semaphore* turn) -> Task<> {
      turn->release();
      co_return;
    }(&had_a_turn));
    had_a_turn.acquire();
  }
  ~Idle() {
    work.reset();
    thread.join();
  }
  asio::io_context io{1};
  Loop loop{io};
  std::binary_semaphore had_a_turn{0};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread{[this] { io.run(); }};
};

Task<> posts_for_ever(Context ctx, asio::io_context* io) {
  for (;;) co_await asio::post(*io, via(ctx));
}
Task<> receives_one(Channel<int> ch) { (void)co_await ch.receive(); }

// ThreadSanitizer may see the misuse first.
#if defined(__has_feature)
#  if __has_feature(thread_sanitizer)
#    define LEASH_OR_DATA_RACE "|data race"
#  endif
#endif
#ifndef LEASH_OR_DATA_RACE
#  define LEASH_OR_DATA_RACE
#endif
constexpr const char* belongs = "belong to its thread; this is another one" LEASH_OR_DATA_RACE;
constexpr const char* several = "is run by several threads at once" LEASH_OR_DATA_RACE;

TEST(ThreadsDeathTest, SeveralThreadsRunOneIoContext) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto misuse = [] {
    asio::io_context io;
    Loop loop{io};
    for (int i = 0; i < 20; ++i) go(loop.background(), posts_for_ever(loop.background(), &io));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { io.run(); });
    for (std::thread& thread : threads) thread.join();
  };
  EXPECT_DEATH(misuse(), several);
}

TEST(ThreadsDeathTest, GoOnForeignThreadAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto misuse = [] {
    Idle idle;
    go(idle.loop.background(), receives_one(Channel<int>()));
  };
  EXPECT_DEATH(misuse(), belongs);
}

TEST(ThreadsDeathTest, AContextOfAnotherLoop) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto misuse = [] {
    Idle idle;
    auto made = with_cancel(idle.loop.background());
  };
  EXPECT_DEATH(misuse(), belongs);
}

TEST(ThreadsDeathTest, AWaitUnderAContextOfAnotherLoop) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  using Wait = Task<> (*)(Context);
  constexpr Wait done = [](Context other) -> Task<> { co_await other.done(); };
  constexpr Wait sleeps = [](Context other) -> Task<> { (void)co_await sleep(other, 1h); };
  constexpr Wait receives = [](Context other) -> Task<> {
    const Channel<int> ch;
    (void)co_await ch.receive(other);
  };
  constexpr Wait operation = [](Context other) -> Task<> {
    asio::io_context io{1};
    asio::steady_timer timer(io, 1h);
    (void)co_await timer.async_wait(via(other));
  };
  for (const Wait wait : {done, sleeps, receives, operation}) {
    const auto misuse = [wait] {
      Idle idle;
      asio::io_context io{1};
      Loop loop{io};
      go(loop.background(), wait(idle.loop.background()));
      io.poll();
    };
    EXPECT_DEATH(misuse(), belongs);
  }
  const auto detach = [] {
    Idle idle;
    (void)without_cancel(idle.loop.background());
  };
  EXPECT_DEATH(detach(), belongs);
}

TEST(ThreadsDeathTest, ARemoteChannelMadeOrDroppedOnAForeignThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto make = [] {
    Idle idle;
    const RemoteChannel<int> ch(idle.loop, 1);
  };
  EXPECT_DEATH(make(), belongs);
  const auto drop = [] {
    Idle idle;
    std::unique_ptr<RemoteChannel<int>> ch;
    std::binary_semaphore made{0};
    asio::post(idle.io, [&] {
      ch = std::make_unique<RemoteChannel<int>>(idle.loop, 1);
      made.release();
    });
    made.acquire();
    ch.reset();
  };
  EXPECT_DEATH(drop(), belongs);
}

TEST(ThreadsDeathTest, ASendToATaskOfAnotherThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto misuse = [] {
    Channel<int> ch;
    Idle idle;
    std::binary_semaphore waits{0};
    asio::post(idle.io, [&] {
      go(idle.loop.background(), receives_one(ch));
      asio::post(idle.io, [&] { asio::post(idle.io, [&] { waits.release(); }); });
    });
    waits.acquire();
    (void)ch.try_send(1);
  };
  EXPECT_DEATH(misuse(), belongs);
}

TEST(ThreadsDeathTest, AChannelBetweenTasksOfTwoLoops) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto misuse = [] {
    Channel<int> ch;
    const auto exchange = [](Channel<int> c, bool sends) -> Task<> {
      for (;;) {
        if (sends) {
          (void)co_await c.send(1);
        } else {
          (void)co_await c.receive();
        }
      }
    };
    std::vector<std::thread> threads;
    for (const bool sends : {true, false}) {
      threads.emplace_back([&ch, &exchange, sends] {
        asio::io_context io{1};
        Loop loop{io};
        const auto work = asio::make_work_guard(io);
        go(loop.background(), exchange(ch, sends));
        io.run();
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  EXPECT_DEATH(misuse(), belongs);
}

}  // namespace
}  // namespace leash
