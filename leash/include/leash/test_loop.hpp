// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop for a test, whose time goes on by itself (Go: testing/synctest).
//
// What it is     an io_context, a loop and a clock of their own. run() starts a task and runs until all tasks have ended;
//                when each of them waits, time goes to the next timer, so that hours pass in microseconds. For any test
//                framework.
// Guarantees     the time stands still while a task can run. A task that waits for the real world (an Asio operation)
//                has 100 ms of real time, each time, before the clock goes on without it. Tasks that nothing can wake
//                are a deadlock, at once. What leaves a task as an exception, run() throws.
// Threads        the test's thread.
// Lifetime       tasks that are left end with the TestLoop.
//
//   leash::testing::TestLoop test;
//   auto ended = test.run([](leash::Context ctx) -> leash::Task<> {
//     auto [own, cancel] = leash::with_timeout(ctx, 24h);
//     co_await own.done();  // takes no time
//   });
//   EXPECT_TRUE(ended) << ended.error().message();

#include <asio/io_context.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/detail/callable.hpp"
#include "leash/done.hpp"
#include "leash/error.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"

namespace leash::testing {

class TestLoop {
 public:
  /// The clock of the options is the TestLoop's own, and so is on_exception if there is none.
  explicit TestLoop(LoopOptions options = {});
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;
  ~TestLoop();

  asio::io_context& io() noexcept { return io_; }
  Loop& loop() noexcept { return loop_; }
  const Context& ctx() const noexcept { return loop_.background(); }
  TimePoint now() const noexcept { return loop_.now(); }

  /// Until all tasks have ended. An error: errc::deadlock.
  Result<> run();
  /// The same after go(ctx(), body).
  template <detail::MakesStartable F>
  Result<> run(F body) {
    go(ctx(), std::move(body), "test");
    return run();
  }

  /// In a task: completes when every other task waits, before time goes on (Go: synctest.Wait).
  auto settled() {
    settled_.emplace_back();
    return settled_.back().done().wait();
  }

 private:
  void run_what_is_ready();

  ManualClock clock_;
  asio::io_context io_{1};
  std::exception_ptr exception_;  ///< the first
  std::vector<DoneSource> settled_;
  Loop loop_;
};

}  // namespace leash::testing
