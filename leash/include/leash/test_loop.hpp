// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop for a test, with time that advances automatically (Go: testing/synctest).
//
// What it is     an io_context, a loop and a clock. run() starts a task and runs until all tasks have ended; when all of
//                them wait, time jumps to the next timer, so that hours pass in microseconds. For any test
//                framework.
// Guarantees     time stands still while a task can run. A task that waits for the outside world (an Asio operation) gets
//                100 ms of real time, each time, before the clock advances without it. Tasks that nothing can wake are a
//                deadlock, reported at once. run() rethrows exceptions that escape tasks.
// Threads        the test's thread.
// Lifetime       remaining tasks end with the TestLoop.
//
//   leash::testing::TestLoop test;
//   auto ended = test.run([](leash::Context ctx) -> leash::Task<> {
//     auto [own, cancel] = leash::with_timeout(ctx, 24h);
//     co_await own.done();  // takes no time
//   });
//   EXPECT_TRUE(ended) << ended.error().message();

#include <exception>
#include <utility>
#include <vector>

#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/detail/asio.hpp"
#include "leash/detail/callable.hpp"
#include "leash/done.hpp"
#include "leash/error.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"

namespace leash::testing {
inline namespace LEASH_FLAVOR {

class TestLoop {
 public:
  /// The options' clock is replaced by the TestLoop's own, and on_exception too if it is empty.
  explicit TestLoop(LoopOptions options = {});
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;
  ~TestLoop();

  asio::io_context& io() noexcept { return io_; }
  Loop& loop() noexcept { return loop_; }
  const Context& ctx() const noexcept { return loop_.background(); }
  TimePoint now() const noexcept { return loop_.now(); }

  /// Runs until all tasks have ended. Error: errc::deadlock.
  Result<> run();
  /// The same, after go(ctx(), body).
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
  std::exception_ptr exception_;  ///< the first exception
  std::vector<DoneSource> settled_;
  Loop loop_;
};

}  // namespace LEASH_FLAVOR
}  // namespace leash::testing
