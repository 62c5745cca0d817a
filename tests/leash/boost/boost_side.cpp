// SPDX-License-Identifier: BSL-1.0
#include "tests/leash/boost/boost_side.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/via.hpp"

namespace {

leash::Task<> wait_for_boost(leash::Context ctx, boost::asio::io_context* io, std::error_code* said) {
  boost::asio::steady_timer timer(*io, std::chrono::hours(1));
  const leash::Result<> waited = co_await timer.async_wait(leash::via(ctx));
  *said = waited.error();
}

}  // namespace

std::error_code on_a_boost_loop(const std::function<void(leash::LoopBase&)>& meanwhile) {
  boost::asio::io_context io{1};
  leash::Loop loop{io, {.name = "boosted"}};
  std::error_code said;
  auto [ctx, cancel] = leash::with_cancel(loop.background());
  leash::go(ctx, wait_for_boost(ctx, &io, &said), "waits on Boost.Asio");
  io.poll();
  meanwhile(loop);
  cancel();
  io.restart();
  io.run();
  return said;
}

void boost_operation_under(leash::Context ctx) {
  boost::asio::io_context io{1};
  boost::asio::steady_timer timer(io);
  (void)timer.async_wait(leash::via(ctx));
}
