// SPDX-License-Identifier: BSL-1.0
#include <asio/steady_timer.hpp>
#include <chrono>

#include "leash/sleep.hpp"
#include "leash/via.hpp"
#include "site.hpp"

int waits(asio::io_context& io);

leash::Task<> wait(leash::Context ctx, asio::io_context& io, int& waited) {
  asio::steady_timer timer(io, std::chrono::milliseconds(1));
  if (co_await timer.async_wait(leash::via(ctx))) ++waited;
  if (co_await leash::sleep(ctx, std::chrono::milliseconds(1))) ++waited;
}

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  int waited = waits(io);
  leash::go(loop.background(), wait(loop.background(), io, waited));
  if (!loop.run()) return 2;
  waited += waits(io);
  if (waited != 4) std::printf("%d waits of 4\n", waited);
  return waited == 4 ? reported_site_is("site.hpp") : 1;
}
