// SPDX-License-Identifier: BSL-1.0
// The forms of co_await that docs/gcc12.md recommends work on the compiler in use: everything is destroyed
// exactly once, and coroutines go on where they stopped. (The forms that it warns of are not tested: what
// they do is not defined.)
#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "leash/channel.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using testing::Counted;

// Aggregates with members that count: what GCC 12 destroys twice when it is a temporary.
struct Message {
  Counted first;
  Counted second;
  std::string text;
};

class Gcc12Test : public testing::LoopFixture {
 protected:
  void TearDown() override {
    LoopFixture::TearDown();
    EXPECT_EQ(Counted::alive, 0) << "objects that were not destroyed, or twice";
    Counted::alive = 0;
  }
  Channel<int> numbers;
};

Task<int> weigh(Message message) {
  co_await sleep(1s);
  co_return message.first.value + message.second.value + static_cast<int>(message.text.size());
}

template <class F>
Task<int> call(F f) {
  co_await sleep(1s);
  co_return f();
}

Task<bool> after_a_second(bool answer) {
  co_await sleep(1s);
  co_return answer;
}

const std::string long_text(100, 'x');  // not in the string itself: destroyed twice is freed twice

TEST_F(Gcc12Test, MovesNamedAggregateIntoCoroutine) {
  int got = 0;
  start(
      [](Context, int* out) -> Task<> {
        Message message{Counted(1), Counted(2), long_text};
        const int weight = co_await weigh(std::move(message));
        EXPECT_EQ(message.first.value, -1) << "moved from, not copied";
        *out = weight;
      },
      &got);
  EXPECT_GE(Counted::alive, 4) << "the named one, and the parameter in its frame";
  advance(1s);
  EXPECT_EQ(got, 103);
}

TEST_F(Gcc12Test, CopiesNamedAggregateIntoCoroutine) {
  int got = 0;
  start(
      [](Context, int* out) -> Task<> {
        const Message message{Counted(1), Counted(2), long_text};
        const int first = co_await weigh(message);
        const int second = co_await weigh(message);
        *out = first + second;
      },
      &got);
  advance(1s);
  advance(1s);
  EXPECT_EQ(got, 206);
}

TEST_F(Gcc12Test, MovesNamedCapturingLambdaIntoCoroutine) {
  int got = 0;
  start(
      [](Context, int* out) -> Task<> {
        auto f = [counted = Counted(7), text = long_text] {
          return counted.value + static_cast<int>(text.size());
        };
        const int r = co_await call(std::move(f));
        *out = r;
      },
      &got);
  EXPECT_GE(Counted::alive, 2) << "the named one, and the parameter in its frame";
  advance(1s);
  EXPECT_EQ(got, 107);
}

TEST_F(Gcc12Test, TypesWithAConstructorMayBeTemporaries) {
  std::vector<int> got;
  start(
      [](Context ctx, std::vector<int>* out) -> Task<> {
        Channel<Counted> ch(2);
        (void)co_await ch.send(ctx, Counted(1));
        (void)co_await ch.send(Counted(2));
        const auto a = co_await ch.receive(ctx);
        const auto b = co_await ch.receive();
        out->push_back(a->value);
        out->push_back(b->value);
      },
      &got);
  EXPECT_EQ(got, (std::vector<int>{1, 2}));
}

TEST_F(Gcc12Test, AwaitsTaskMovedFromNamedLocal) {
  int got = 0;
  start(
      [](Context, int* out) -> Task<> {
        Message message{Counted(1), Counted(2), long_text};
        Task<int> task = weigh(std::move(message));
        const int r = co_await std::move(task);
        *out = r;
      },
      &got);
  advance(1s);
  EXPECT_EQ(got, 103);
}

TEST_F(Gcc12Test, EvaluatesIfNotCoAwaitBesideLocalVariable) {
  std::string text;
  start(
      [](Context, std::string* out) -> Task<> {
        const Counted declared(1);
        if (!co_await after_a_second(true)) *out += "wrong ";
        if (!co_await after_a_second(false)) *out += "right ";
        if (co_await after_a_second(true)) {
          *out += "yes ";
        } else {
          *out += "no ";
        }
        *out += std::to_string(declared.value);
      },
      &text);
  for (int i = 0; i < 3; ++i) advance(1s);
  EXPECT_EQ(text, "right yes 1");
}

TEST_F(Gcc12Test, IfAndElseInPlaceOfAConditionalExpression) {
  std::vector<std::string> got;
  const auto run = [](Context, bool ask, std::vector<std::string>* out) -> Task<> {
    const Counted declared(1);
    std::string answer;
    if (ask) {
      const bool r = co_await after_a_second(true);
      answer = long_text + (r ? "yes" : "no");
    } else {
      answer = long_text + "not asked";
    }
    out->push_back(answer.substr(long_text.size()));
  };
  start(run, true, &got);
  start(run, false, &got);
  advance(1s);
  EXPECT_EQ(got, (std::vector<std::string>{"not asked", "yes"}));
}

TEST_F(Gcc12Test, RunsIfWithAwaitingInitializer) {
  std::string text;
  start(
      [](Context ctx, Channel<int> ch, std::string* out) -> Task<> {
        if (auto r = co_await ch.receive(ctx); r) *out += std::to_string(*r);
        if (const auto r = co_await ch.receive(ctx); !r) {
          *out += " " + r.error().message();
          co_return;
        }
        *out += "not reached";
      },
      numbers, &text);
  EXPECT_TRUE(numbers.try_send(5));
  poll();
  numbers.close();
  poll();
  EXPECT_EQ(text, "5 " + make_error_code(errc::closed).message());
}

TEST_F(Gcc12Test, RunsWhileWithAwaitingDeclaration) {
  Channel<Counted> ch;
  std::vector<int> got;
  start(
      [](Context ctx, Channel<Counted> c, std::vector<int>* out) -> Task<> {
        while (auto v = co_await c.receive(ctx)) out->push_back(v->value);
        out->push_back(-1);
      },
      ch, &got);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(ch.try_send(Counted(i)));
    poll();
    EXPECT_EQ(Counted::alive, 0) << "each one is gone before the next one is waited for";
  }
  ch.close();
  poll();
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3, -1}));
}

TEST_F(Gcc12Test, ForAndDoWithNamedResults) {
  std::vector<int> got;
  start(
      [](Context ctx, Channel<int> ch, std::vector<int>* out) -> Task<> {
        for (auto v = co_await ch.receive(ctx); v; v = co_await ch.receive(ctx)) {
          const Counted local(*v);
          out->push_back(local.value);
          if (local.value == 2) break;
        }
        bool again = false;
        do {
          const auto v = co_await ch.receive(ctx);
          again = v.has_value();
          out->push_back(v.value_or(-1));
        } while (again);
      },
      numbers, &got);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(numbers.try_send(i));
    poll();
  }
  numbers.close();
  poll();
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3, -1}));
}

TEST_F(Gcc12Test, ParametersInPlaceOfCaptures) {
  std::vector<int> got;
  start(
      [](Context ctx, std::vector<int>* out) -> Task<> {
        Scope s(ctx);
        for (int i = 1; i <= 3; ++i) {
          const Counted counted(i);
          s.go([](Counted c, std::vector<int>* result) -> Task<> {
            co_await sleep(1s);
            result->push_back(c.value);
          }(counted, out));
        }
        (void)co_await s.join();
      },
      &got);
  EXPECT_EQ(Counted::alive, 3) << "in the frames, although lambda and local are gone";
  advance(1s);
  std::sort(got.begin(), got.end());
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
}

TEST_F(Gcc12Test, ExceptionsThroughNamedLocals) {
  std::string text;
  start(
      [](Context, std::string* out) -> Task<> {
        try {
          const Message message{Counted(1), Counted(2), long_text};
          auto f = [m = message]() -> int {
            throw std::runtime_error("thrown " + std::to_string(m.first.value));
          };
          const int r = co_await call(std::move(f));
          *out += std::to_string(r);
        } catch (const std::runtime_error& e) {
          *out += e.what();
        }
      },
      &text);
  advance(1s);
  EXPECT_EQ(text, "thrown 1");
}

TEST_F(Gcc12Test, DestroysHeldLocalsOnceEvenOnEarlyFrameEnd) {
  start([](Context ctx) -> Task<> {
    {
      Scope s(ctx);
      s.go([]() -> Task<> {
        Message message{Counted(1), Counted(2), long_text};
        auto f = [m = message] { return m.first.value; };
        const int a = co_await call(std::move(f));
        const int b = co_await weigh(std::move(message));
        ADD_FAILURE() << "resumed " << a << b;
      }());
      co_await sleep(500ms);
      EXPECT_GT(Counted::alive, 0);
    }
    EXPECT_EQ(Counted::alive, 0);
  });
  advance(500ms);
}

}  // namespace
}  // namespace leash
