// SPDX-License-Identifier: BSL-1.0
#include "leash/gather.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

using GatherTest = testing::LoopFixture;

Task<Result<int>> number(Context ctx, Duration after, int n) {
  const auto slept = co_await sleep(ctx, after);
  if (!slept) co_return std::unexpected(slept.error());
  co_return n;
}
Task<> pause(Context ctx) { (void)co_await sleep(ctx, 1s); }

TEST_F(GatherTest, GivesAllValuesInTheirOrder) {
  Result<std::tuple<int, std::monostate, int>> got = std::unexpected(make_error_code(errc::closed));
  go(root(), [&got](Context ctx) -> Task<> {
    auto late = [](Context own) { return number(own, 2s, 1); };
    auto early = [](Context own) { return number(own, 1s, 2); };
    auto result = co_await gather(ctx, late, pause(ctx), early);
    got = result;
  });
  advance(1s);
  EXPECT_FALSE(got);
  advance(1s);
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, std::tuple(1, std::monostate(), 2));
}

TEST_F(GatherTest, TheFirstFailureCancelsTheOthers) {
  std::string text;
  go(root(), [&text](Context ctx) -> Task<> {
    auto slow = [&text](Context own) -> Task<Result<int>> {
      const auto slept = co_await sleep(own, 1h);
      text += slept ? "slept" : "canceled, ";
      co_return 1;
    };
    auto bad = [](Context own) -> Task<Result<int>> {
      (void)co_await sleep(own, 1s);
      co_return std::unexpected(make_error_code(errc::closed));
    };
    const auto result = co_await gather(ctx, slow, bad);
    text += result.error().message();
  });
  advance(1s);
  EXPECT_EQ(text, "canceled, " + make_error_code(errc::closed).message());
}

TEST_F(GatherTest, AnExceptionIsRethrownWhenAllHaveEnded) {
  std::string text;
  go(root(), [&text](Context ctx) -> Task<> {
    auto bad = [](Context) -> Task<int> {
      throw std::runtime_error("bad");
      co_return 1;
    };
    auto slow = [](Context own) { return number(own, 1h, 1); };
    try {
      (void)co_await gather(ctx, bad, slow);
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
  });
  poll();
  EXPECT_EQ(text, "bad");
}

TEST_F(GatherTest, OfAVectorGivesAVector) {
  std::vector<int> got;
  go(root(), [&got](Context ctx) -> Task<> {
    std::vector<Task<Result<int>>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(number(ctx, 1s * (5 - i), i));
    auto result = co_await gather(ctx, std::move(tasks));
    got = *result;
  });
  advance(5s);
  EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(GatherTest, WithoutValuesIsAResultOfNothing) {
  bool ended = false;
  go(root(), [&ended](Context ctx) -> Task<> {
    const Result<> none = co_await gather(ctx);
    std::vector<Task<>> tasks;
    tasks.push_back(pause(ctx));
    const Result<> all = co_await gather(ctx, std::move(tasks));
    const Result<> two = co_await gather(ctx, pause, pause);
    ended = none && all && two;
  });
  advance(1s);
  advance(1s);
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace leash
