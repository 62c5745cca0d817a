// SPDX-License-Identifier: BSL-1.0
#include "leash/race.hpp"

#include <stdexcept>
#include <string>

#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using testing::Counted;

class RaceTest : public testing::LoopFixture {
 protected:
  // A racer that answers after a while, and says when it was canceled.
  auto answer(Duration after, const char* what) {
    return [this, after, what](Context ctx) -> Task<Result<std::string>> {
      const auto slept = co_await sleep(ctx, after);
      if (!slept) {
        order += std::string(what) + " was canceled, ";
        co_return std::unexpected(slept.error());
      }
      co_return what;
    };
  }
  auto fail(Duration after, errc error) {
    return [after, error](Context ctx) -> Task<Result<std::string>> {
      (void)co_await sleep(ctx, after);
      co_return std::unexpected(make_error_code(error));
    };
  }
  template <class... Racers>
  void run(Racers... racers) {
    go(root(), [this, ... racers = std::move(racers)](Context ctx) mutable -> Task<> {
      try {
        auto result = co_await race(ctx, std::move(racers)...);
        said = result ? *result : result.error().message();
      } catch (const std::exception& e) {
        said = std::string("threw ") + e.what();
      }
      order += "raced";
    });
    poll();
  }
  std::string said;
  std::string order;
};

TEST_F(RaceTest, TheFirstWinsAndTheOthersAreCanceledAndJoined) {
  run(answer(2s, "slow"), answer(1s, "fast"), answer(3s, "slower"));
  advance(1s);
  EXPECT_EQ(said, "fast");
  EXPECT_EQ(order, "slow was canceled, slower was canceled, raced");
}

TEST_F(RaceTest, AFailureLeavesTheOthersAlone) {
  run(fail(1s, errc::closed), answer(2s, "good"));
  advance(1s);
  EXPECT_EQ(said, "");
  advance(1s);
  EXPECT_EQ(said, "good");
}

TEST_F(RaceTest, WhenAllFailTheFirstErrorIsTheResult) {
  run(fail(2s, errc::shutdown), fail(1s, errc::closed));
  advance(2s);
  EXPECT_EQ(said, make_error_code(errc::closed).message());
}

TEST_F(RaceTest, WhenAllFailTheFirstExceptionIsRethrown) {
  run([](Context ctx) -> Task<Result<std::string>> {
    (void)co_await sleep(ctx, 1s);
    throw std::runtime_error("a racer");
  });
  advance(1s);
  EXPECT_EQ(said, "threw a racer");
}

TEST_F(RaceTest, AnExceptionOfALoserReachesTheLoop) {
  expect_exceptions();
  run(answer(1s, "fast"), [](Context ctx) -> Task<Result<std::string>> {
    (void)co_await sleep(ctx, 1h);
    throw std::runtime_error("a loser");
  });
  advance(1s);
  EXPECT_EQ(said, "fast");
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(what(exceptions[0]), "a loser");
}

TEST_F(RaceTest, DifferentTypesGiveAVariant) {
  std::size_t index = 9;
  go(root(), [&index](Context ctx) -> Task<> {
    auto number = [](Context own) -> Task<int> {
      (void)co_await sleep(own, 2s);
      co_return 1;
    };
    auto nothing = [](Context own) -> Task<> { (void)co_await sleep(own, 1s); };
    const auto result = co_await race(ctx, number, nothing);
    static_assert(std::is_same_v<decltype(result), const Result<std::variant<int, std::monostate>>>);
    index = result->index();
  });
  advance(1s);
  EXPECT_EQ(index, 1u);
}

TEST_F(RaceTest, EndsLosingTaskMadeEarlierByForce) {
  Counted::alive = 0;
  go(root(), [this](Context ctx) -> Task<> {
    auto deaf = [](Counted) -> Task<Result<std::string>> {
      co_await sleep(1h);
      co_return "deaf";
    };
    Task<Result<std::string>> task = deaf(Counted(1));
    auto fast = answer(1s, "fast");
    const auto result = co_await race(ctx, std::move(task), fast);
    EXPECT_EQ(Counted::alive, 0);
    said = *result;
  });
  poll();
  EXPECT_EQ(Counted::alive, 1);
  advance(1s);
  EXPECT_EQ(said, "fast");
}

TEST_F(RaceTest, TheEndOfItsContextEndsIt) {
  auto made = with_cancel(root());
  go(root(), [this, ctx = made.ctx](Context) -> Task<> {
    auto a = answer(1h, "a");
    auto b = answer(1h, "b");
    const auto result = co_await race(ctx, a, b);
    said = result.error().message();
  });
  poll();
  made.cancel();
  poll();
  EXPECT_EQ(said, make_error_code(errc::canceled).message());
}

}  // namespace
}  // namespace leash
