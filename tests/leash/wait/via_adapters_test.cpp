// SPDX-License-Identifier: BSL-1.0
// leash::via inside of Asio's own completion token adapters.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <string>

#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

using ViaAdaptersTest = testing::LoopFixture;

TEST_F(ViaAdaptersTest, RedirectErrorGivesTheOperationsCode) {
  asio::steady_timer timer(io, 24h);
  auto made = with_cancel(root());
  detail::AsioError error;
  bool ended = false;
  go(root(), [&, ctx = made.ctx](Context) -> Task<> {
    co_await timer.async_wait(asio::redirect_error(via(ctx), error));
    ended = true;
  });
  poll();
  EXPECT_FALSE(ended);
  made.cancel();
  EXPECT_TRUE(eventually([&] { return ended; }));
  EXPECT_EQ(error, asio::error::operation_aborted);
}

TEST_F(ViaAdaptersTest, ABoundSlotEndsTheOperation) {
  asio::steady_timer timer(io, 24h);
  asio::cancellation_signal signal;
  std::string said;
  go(root(), [&](Context ctx) -> Task<> {
    const Result<> result = co_await timer.async_wait(asio::bind_cancellation_slot(signal.slot(), via(ctx)));
    said = result.error().message();
  });
  poll();
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_TRUE(eventually([&] { return !said.empty(); }));
  EXPECT_EQ(said, std::error_code(make_error_code(asio::error::operation_aborted)).message());
  EXPECT_FALSE(signal.slot().has_handler()) << "it keeps nothing";
}

TEST_F(ViaAdaptersTest, TheContextEndsAnOperationWithABoundSlot) {
  asio::steady_timer timer(io, 24h);
  asio::cancellation_signal signal;
  auto made = with_cancel(root());
  std::string said;
  go(root(), [&, ctx = made.ctx](Context) -> Task<> {
    const Result<> result = co_await timer.async_wait(asio::bind_cancellation_slot(signal.slot(), via(ctx)));
    said = result.error().message();
  });
  poll();
  EXPECT_EQ(snapshot(loop).at(0).uncancellable, false);
  made.cancel();
  EXPECT_TRUE(eventually([&] { return !said.empty(); }));
  EXPECT_EQ(said, make_error_code(errc::canceled).message());
  signal.emit(asio::cancellation_type::terminal);  // nothing is left to end
}

}  // namespace
}  // namespace leash
