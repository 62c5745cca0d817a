// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop for a test, which sets its clock and runs its handlers.
//
// What it is     a GoogleTest fixture: io, clock, loop; run() takes a lambda that makes a Task, and polls
//                until it ends.
// Guarantees     a test that leaves a task alive, a context held or a timer armed fails, with the tasks'
//                reports. keep_leaks() switches that off for tests about leaks.
// Threads        the test's thread.
//
//   TEST_F(SleepTest, WakesWhenTheTimeHasCome) {
//     start([](leash::Context ctx) -> leash::Task<> { (void)co_await leash::sleep(ctx, 1s); });
//     advance(1s);
//   }

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/loop.hpp"
#include "leash/snapshot.hpp"
#include "leash/task.hpp"

namespace leash::testing {

using namespace std::chrono_literals;

class LoopFixture : public ::testing::Test {
 protected:
  LoopFixture() : LoopFixture(LoopOptions{}) {}
  explicit LoopFixture(LoopOptions options)
      : loop(io, [&] {
          options.clock = &clock;
          options.on_exception = [this](std::exception_ptr exception, const TaskInfo* task) {
            exceptions.push_back(exception);
            exception_tasks.push_back(task ? task->name : "");
          };
          return std::move(options);
        }()) {}

  void TearDown() override {
    poll();
    for (const std::exception_ptr& exception : exceptions) {
      if (exceptions_expected_) break;
      ADD_FAILURE() << "an exception left a task: " << what(exception);
    }
    if (leaks_expected_) return;
    for (const TaskInfo& task : snapshot(loop)) ADD_FAILURE() << "left alive: " << to_text(task);
    EXPECT_EQ(loop.metrics()->contexts_live.get(), 0u) << "contexts left alive";
    EXPECT_EQ(loop.metrics()->contexts_held.get(), 0u) << "contexts left referred to";
    EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u) << "timers left armed";
  }

  Context root() const { return loop.background(); }

  // Runs the handlers that are ready.
  void poll() {
    if (io.stopped()) io.restart();
    io.poll();
  }
  void advance(Duration by) {
    poll();
    clock.advance(by);
    poll();
  }

  // Starts make(ctx, args...) under the root. The lambda lives as long as the fixture's test body needs: it
  // must not capture, because captures of a coroutine lambda die with it.
  template <class Make, class... Args>
  void start(Make make, Args&&... args) {
    start_under(root(), make, std::forward<Args>(args)...);
  }
  template <class Make, class... Args>
  void start_under(Context ctx, Make make, Args&&... args) {
    static_assert(std::is_empty_v<Make>,
                  "captures of a coroutine lambda die with it: pass them as arguments");
    go(ctx, make(ctx, std::forward<Args>(args)...), "test");
    poll();
  }

  // Handles real events (sockets, threads) until `condition` is true; false after ten seconds.
  template <class Condition>
  bool eventually(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      if (io.stopped()) io.restart();
      io.run_one_for(5ms);
    }
    return true;
  }

  void keep_leaks() {
    leaks_expected_ = true;
    expect_leaks();
  }
  void expect_exceptions() { exceptions_expected_ = true; }

  static std::string what(const std::exception_ptr& exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& e) {
      return e.what();
    } catch (...) {
      return "unknown";
    }
  }

  std::vector<std::exception_ptr> exceptions;
  std::vector<std::string> exception_tasks;
  asio::io_context io{1};
  ManualClock clock;
  Loop loop;

 private:
  bool leaks_expected_ = false;
  bool exceptions_expected_ = false;
};

// Counts the objects that are alive, to show that each is destroyed exactly once.
class Counted {
 public:
  explicit Counted(int v = 0) : value(v) { ++alive; }
  Counted(const Counted& other) : value(other.value) { ++alive; }
  Counted(Counted&& other) noexcept : value(std::exchange(other.value, -1)) { ++alive; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  ~Counted() { --alive; }
  int value;
  static inline int alive = 0;
};

}  // namespace leash::testing
