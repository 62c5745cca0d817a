// SPDX-License-Identifier: BSL-1.0
// What comes out of operations of Boost.Asio are codes of the standard library.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "leash/awaitable.hpp"
#include "leash/scope.hpp"
#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

namespace net = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;
using Stream = net::local::stream_protocol::socket;

template <class... Args>
using OutcomeOf = typename detail::OperationAwaiter<Args...>::Outcome;
static_assert(std::is_same_v<OutcomeOf<error_code>, Result<>>);
static_assert(std::is_same_v<OutcomeOf<error_code, std::size_t>, Result<std::size_t>>);
static_assert(std::is_same_v<OutcomeOf<error_code, Stream>, Result<Stream>>);
static_assert(std::is_same_v<OutcomeOf<error_code, int, char>, Result<std::tuple<int, char>>>);
static_assert(std::is_same_v<OutcomeOf<std::error_code, int>, Result<int>>);
static_assert(std::is_same_v<OutcomeOf<int>, int>);

class BoostErrorCodesTest : public testing::LoopFixture {};

TEST_F(BoostErrorCodesTest, AnErrorIsThatOfTheOperation) {
  Stream ours(io), theirs(io);
  net::local::connect_pair(ours, theirs);
  theirs.close();
  std::vector<std::error_code> errors;
  start(
      [](Context ctx, Stream* stream, std::vector<std::error_code>* out) -> Task<> {
        char byte = 0;
        const Result<std::size_t> n = co_await stream->async_read_some(net::buffer(&byte, 1), via(ctx));
        out->push_back(n.error());
        std::size_t sent = 7;
        const Result<std::size_t> w =
            co_await net::async_write(*stream, net::buffer(&byte, 1), via(ctx, sent));
        out->push_back(w.error());
        EXPECT_EQ(sent, 0u);
      },
      &ours, &errors);
  ASSERT_TRUE(eventually([&] { return errors.size() == 2; }));
  EXPECT_EQ(errors[0], make_error_code(net::error::eof));
  EXPECT_EQ(errors[0], error_code(net::error::eof));
  EXPECT_EQ(errors[0].message(), "End of file");
  EXPECT_EQ(errors[1], std::errc::broken_pipe);
}

TEST_F(BoostErrorCodesTest, AnAbortedOperationSaysWhatItsContextSays) {
  net::steady_timer timer(io, 24h);
  auto made = with_cancel(root());
  std::vector<std::error_code> errors;
  start_under(
      made.ctx,
      [](Context ctx, net::steady_timer* t, std::vector<std::error_code>* out) -> Task<> {
        const Result<> waited = co_await t->async_wait(via(ctx));
        out->push_back(waited.error());
        const Result<> again = co_await t->async_wait(via(ctx));
        out->push_back(again.error());
      },
      &timer, &errors);
  made.cancel();
  ASSERT_TRUE(eventually([&] { return errors.size() == 2; }));
  EXPECT_EQ(errors, (std::vector<std::error_code>{errc::canceled, errc::canceled}));
}

TEST_F(BoostErrorCodesTest, CodesOfBoostCountAsCancellations) {
  EXPECT_TRUE(is_cancellation(error_code(net::error::operation_aborted)));
  EXPECT_TRUE(is_cancellation(error_code(net::experimental::error::channel_cancelled)));
  EXPECT_FALSE(is_cancellation(error_code(net::experimental::error::channel_closed)));
  EXPECT_FALSE(is_cancellation(error_code(net::error::eof)));
}

TEST_F(BoostErrorCodesTest, AChannelOfBoostEndsWithTheContext) {
  net::experimental::channel<void(error_code, int)> channel(io);
  auto made = with_cancel(root());
  std::error_code error;
  start_under(
      made.ctx,
      [](Context ctx, decltype(channel)* from, std::error_code* out) -> Task<> {
        const Result<int> got = co_await from->async_receive(via(ctx));
        *out = got.error();
      },
      &channel, &error);
  made.cancel();
  ASSERT_TRUE(eventually([&] { return static_cast<bool>(error); }));
  EXPECT_EQ(error, errc::canceled);
}

TEST_F(BoostErrorCodesTest, RedirectErrorKeepsTheCodeOfBoost) {
  net::steady_timer timer(io, 24h);
  error_code error;
  bool done = false;
  go(root(), [&](Context ctx) -> Task<> {
    co_await timer.async_wait(net::redirect_error(via(ctx), error));
    done = true;
  });
  poll();
  timer.cancel();
  ASSERT_TRUE(eventually([&] { return done; }));
  EXPECT_EQ(error, net::error::operation_aborted);
}

net::awaitable<int> throws(error_code code) {
  throw boost::system::system_error(code);
  co_return 1;
}

TEST_F(BoostErrorCodesTest, WhatACoroutineThrowsIsTheErrorOfTheTaskThatAwaitsIt) {
  std::error_code error;
  start(
      [](Context ctx, std::error_code* out) -> Task<> {
        const Result<int> got = co_await await(ctx, throws(net::error::host_unreachable));
        *out = got.error();
      },
      &error);
  poll();
  EXPECT_EQ(error, std::errc::host_unreachable);
}

// A task whose context is done, and that throws what says so, was told to stop: that is no failure.
TEST_F(BoostErrorCodesTest, AnExceptionOfBoostThatItsContextCausedIsNoFailure) {
  auto made = with_cancel(root());
  start_under(made.ctx, [](Context ctx) -> Task<> {
    co_await ctx.done();
    throw boost::system::system_error(net::error::operation_aborted);
  });
  made.cancel();
  poll();
  EXPECT_TRUE(exceptions.empty());
  EXPECT_EQ(loop.metrics()->exceptions.get(), 0u);
}

TEST_F(BoostErrorCodesTest, AnExceptionOfBoostIsAFailureWhereNothingWasCanceled) {
  expect_exceptions();
  start([](Context) -> Task<> {
    throw boost::system::system_error(net::error::operation_aborted);
    co_return;
  });
  EXPECT_EQ(exceptions.size(), 1u);
}

net::awaitable<void> waits_under(Context ctx, net::steady_timer& timer, std::error_code& said) {
  try {
    co_await timer.async_wait(via(ctx, net::use_awaitable));
  } catch (const boost::system::system_error& e) {
    said = e.code();
  }
}

TEST_F(BoostErrorCodesTest, ACoroutineOfBoostCatchesWhatItsContextSays) {
  net::steady_timer timer(io, 24h);
  auto made = with_cancel(root());
  std::error_code said;
  net::co_spawn(io, waits_under(made.ctx, timer, said), net::detached);
  poll();
  made.cancel();
  ASSERT_TRUE(eventually([&] { return static_cast<bool>(said); }));
  EXPECT_EQ(said, errc::canceled);
}

}  // namespace
}  // namespace leash
