// SPDX-License-Identifier: BSL-1.0
// Tests of coroutines without waiting in real time and without leftover tasks: the test moves the clock, and
// watch_tests() fails each test that leaves a live task.
//
//   own_test                    fails if get() ignores the caller's context

#include "cache.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <optional>

#include "leash/clock.hpp"
#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/loop.hpp"
#include "leash/sleep.hpp"

using namespace std::chrono_literals;

class CacheTest : public testing::Test {
 protected:
  leash::Task<leash::Result<std::string>> load(leash::Context ctx, std::string key) {
    ++loads;
    if (auto slept = co_await leash::sleep(ctx, 10s); !slept) co_return std::unexpected(slept.error());
    co_return "value of " + key;
  }

  leash::Task<> get(leash::Context ctx, std::optional<leash::Result<std::string>>& result) {
    auto value = co_await cache.get(ctx, "a");
    result = std::move(value);
  }

  // Runs everything that need not wait; an io_context that ran out of work must be restarted.
  void run() {
    io.restart();
    io.poll();
  }
  void pass(leash::Duration time) {
    clock.advance(time);
    run();
  }

  leash::ManualClock clock;
  asio::io_context io{1};
  leash::Loop loop{io, {.clock = &clock}};
  int loads = 0;
  Cache cache{[this](leash::Context ctx, std::string key) { return load(ctx, key); }};
};

TEST_F(CacheTest, LoadsAValueOnce) {
  std::optional<leash::Result<std::string>> first, second;
  leash::go(loop.background(), get(loop.background(), first));
  leash::go(loop.background(), get(loop.background(), second));
  run();
  pass(10s);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->value(), "value of a");
  EXPECT_EQ(second->value(), "value of a");
  EXPECT_EQ(loads, 1);
}

TEST_F(CacheTest, LetsACallerLeaveBeforeTheValueIsThere) {
  std::optional<leash::Result<std::string>> patient, hasty;
  leash::go(loop.background(), get(loop.background(), patient));
  auto [ctx, cancel] = leash::with_timeout(loop.background(), 1s);
  leash::go(ctx, get(ctx, hasty));
  run();
  pass(1s);
  ASSERT_TRUE(hasty);
  EXPECT_EQ(hasty->error(), leash::errc::deadline_exceeded);
  pass(9s);
  ASSERT_TRUE(patient);
  EXPECT_TRUE(patient->has_value());
}

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  leash::watch_tests();
  return RUN_ALL_TESTS();
}
