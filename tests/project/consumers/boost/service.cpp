// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <system_error>

#include "leash/leash.hpp"

static_assert(std::is_same_v<decltype(std::declval<leash::Loop&>().io()), boost::asio::io_context&>);

leash::Task<> wait(leash::Context ctx, boost::asio::io_context* io, std::error_code* said) {
  boost::asio::steady_timer timer(*io, std::chrono::hours(1));
  const leash::Result<> waited = co_await timer.async_wait(leash::via(ctx));
  *said = waited.error();
}

int main() {
  boost::asio::io_context io{1};
  leash::Loop loop{io};
  std::error_code said;
  {
    auto [ctx, cancel] = leash::with_cancel(loop.background());
    leash::go(ctx, wait(ctx, &io, &said), "wait");
    io.poll();
  }
  (void)loop.run();
  return said == leash::errc::canceled && !leash::find_leaks(loop) ? 0 : 1;
}
