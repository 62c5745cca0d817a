// SPDX-License-Identifier: BSL-1.0
#include "http/server/input.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/socket_fixture.hpp"

namespace {

using namespace std::chrono_literals;
using http::server::Input;

class InputTest : public support::SocketFixture {
 protected:
  InputTest()
      : input(socket, loop, watch, memory,
              [this] {
                ++closes;
                return still_answered;
              }),
        reading(leash::with_cancel(root())) {
    leash::go(reading.ctx, input.read(reading.ctx), "reader");
    poll();
  }
  ~InputTest() override { poll(); }
  void TearDown() override {
    reading.cancel();
    poll();
    EXPECT_EQ(leash::live_tasks(loop), 0u);
  }

  std::string_view unread() {
    const auto bytes = input.unread();
    return {bytes.data(), bytes.size()};
  }
  // Reads until nothing arrives any more.
  std::string all() {
    std::string seen;
    EXPECT_TRUE(eventually([&] {
      seen += unread();
      input.consume(unread().size());
      return input.ended();
    }));
    seen += unread();
    input.consume(unread().size());
    return seen;
  }

  int closes = 0;
  bool still_answered = false;
  http::server::MemoryBudget memory;
  Input input;
  leash::Cancelable reading;
};

TEST_F(InputTest, KeepsBytesUntilConsumed) {
  send("one");
  EXPECT_TRUE(eventually([&] { return unread() == "one"; }));
  const std::string_view view = unread();
  send("two");
  EXPECT_TRUE(eventually([&] { return !input.is_all_consumed() && socket.available() == 0; }));
  poll();
  EXPECT_EQ(view, "one") << "a view stays valid while more comes";
  input.consume(3);
  EXPECT_TRUE(eventually([&] { return unread() == "two"; }));
  input.consume(1);
  EXPECT_EQ(unread(), "wo");
  input.consume(2);
  EXPECT_EQ(unread(), "");
  EXPECT_TRUE(input.is_all_consumed());
  EXPECT_FALSE(input.closed());
}

TEST_F(InputTest, WaitEndsOnInputOrEnd) {
  std::vector<std::string> seen;
  const auto wait = [](leash::Context ctx, Input* from, std::vector<std::string>* words) -> leash::Task<> {
    for (;;) {
      const leash::Result<> more = co_await from->wait(ctx);
      words->push_back(more ? "more" : more.error().message());
      if (!more) co_return;
    }
  };
  start(wait, &input, &seen);
  EXPECT_TRUE(seen.empty());
  send("x");
  EXPECT_TRUE(eventually([&] { return seen.size() == 1; }));
  close_client();
  EXPECT_TRUE(eventually([&] { return leash::live_tasks(loop) == 0; }));
  EXPECT_EQ(seen.front(), "more");
  EXPECT_EQ(seen.back(), make_error_code(leash::errc::disconnected).message());
}

TEST_F(InputTest, ReportsClientCloseOnce) {
  send("last words");
  ::shutdown(client, SHUT_WR);
  EXPECT_TRUE(eventually([&] { return closes == 1; }));
  EXPECT_TRUE(input.closed());
  EXPECT_TRUE(input.ended());
  EXPECT_FALSE(input.broken());
  EXPECT_EQ(all(), "last words");
  EXPECT_EQ(closes, 1);
}

TEST_F(InputTest, AResetIsTheEndOfBothDirections) {
  reset_client();
  EXPECT_TRUE(eventually([&] { return closes == 1; }));
  EXPECT_TRUE(input.broken());
  EXPECT_TRUE(input.ended());
}

TEST_F(InputTest, NoticesResetThatCameWithBytesBefore) {
  send("hello");
  reset_client();
  EXPECT_TRUE(eventually([&] { return unread() == "hello"; }));
  poll();
  input.notice_resets(true);
  EXPECT_TRUE(eventually([&] { return input.broken() && closes == 1; }));
}

TEST_F(InputTest, NoticesResetThatComesWithBytes) {
  input.notice_resets(true);
  send("hello");
  reset_client();
  EXPECT_TRUE(eventually([&] { return unread() == "hello"; }));
  EXPECT_TRUE(eventually([&] { return input.broken() && closes == 1; }));
}

TEST_F(InputTest, DetectsResetAfterHalfCloseWhileAnswering) {
  still_answered = true;
  ::shutdown(client, SHUT_WR);
  EXPECT_TRUE(eventually([&] { return closes == 1; }));
  EXPECT_FALSE(input.broken());
  reset_client();
  EXPECT_TRUE(eventually([&] { return closes == 2; }));
  EXPECT_TRUE(input.broken());
}

TEST_F(InputTest, FullInputStillDetectsClose) {
  const std::string much(100'000, 'x');
  send(much);
  EXPECT_TRUE(eventually([&] { return socket.available() > 0 && input.received() >= Input::capacity; }));
  ::shutdown(client, SHUT_WR);
  EXPECT_TRUE(eventually([&] { return closes == 1; }));
  EXPECT_TRUE(input.closed());
  EXPECT_FALSE(input.ended()) << "what it sent is still to be read";
  EXPECT_GT(socket.available(), 0u);
  EXPECT_EQ(all(), much);
  EXPECT_EQ(closes, 1);
}

TEST_F(InputTest, GoesOnWhenThereIsRoomAgainAfterThereWasTooLittle) {
  const auto arrives = [&](std::size_t bytes) {
    send(std::string(bytes, 'x'));
    EXPECT_TRUE(eventually([&] { return socket.available() == 0; }));
  };
  arrives(100);
  for (std::size_t come = 0; come < Input::capacity; come += 4096) arrives(4096);
  const std::size_t all_of_it = unread().size();
  ASSERT_GT(all_of_it, Input::capacity);
  input.consume(10);
  poll();  // the reader was notified, but the buffer is still full
  input.consume(all_of_it - 10);
  EXPECT_TRUE(unread().empty());
  send("more");
  EXPECT_TRUE(eventually([&] { return unread() == "more"; }));
}

TEST_F(InputTest, KnowsWhenEachByteCame) {
  const auto arrives = [&](std::string_view bytes) {
    send(bytes);
    EXPECT_TRUE(eventually([&] { return socket.available() == 0; }));
    poll();
    clock.advance(1s);
  };
  const leash::TimePoint begin = clock.now();
  arrives("one");
  arrives("two");
  EXPECT_EQ(unread(), "onetwo");
  input.consume(3);
  arrives("three");
  EXPECT_EQ(input.arrived_at(), begin);
  input.consume(1);
  EXPECT_EQ(input.arrived_at(), begin + 1s);
  input.consume(2);
  EXPECT_EQ(unread(), "three");
  input.consume(5);
  EXPECT_EQ(input.arrived_at(), begin + 2s);
}

TEST_F(InputTest, OfManyReadsTheLastCountAsOne) {
  const leash::TimePoint begin = clock.now();
  for (std::size_t i = 0; i < 2 * Input::most_arrivals; ++i) {
    send("x");
    EXPECT_TRUE(eventually([&] { return socket.available() == 0; }));
    poll();
    clock.advance(1s);
  }
  (void)unread();
  input.consume(2);
  EXPECT_EQ(input.arrived_at(), begin + 1s);
  input.consume(Input::most_arrivals - 2);
  EXPECT_EQ(input.arrived_at(), begin + (2 * Input::most_arrivals - 1) * 1s);
}

TEST_F(InputTest, FullInputDetectsReset) {
  send(std::string(100'000, 'x'));
  EXPECT_TRUE(eventually([&] { return socket.available() > 0 && input.received() >= Input::capacity; }));
  reset_client();
  EXPECT_TRUE(eventually([&] { return closes == 1; }));
  EXPECT_TRUE(input.broken());
}

TEST_F(InputTest, ReadsToEndAfterDiscardWithoutConsumer) {
  send(std::string(100'000, 'x'));
  EXPECT_TRUE(eventually([&] { return socket.available() > 0 && input.received() >= Input::capacity; }));
  input.discard();
  close_client();
  EXPECT_TRUE(eventually([&] { return input.ended(); })) << "the rest is read, though nobody consumes";
}

}  // namespace
