// SPDX-License-Identifier: BSL-1.0
// In a program that includes Asio before any standard header, Asio gets memory in another way than in the library
// (operator new, aligned_alloc). Neither may free what the other has got; AddressSanitizer would report it.
#include <asio/io_context.hpp>
#include <cstdio>
#include <thread>

#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/loops.hpp"

namespace {

leash::Task<> until_done(leash::Context ctx) { co_await ctx.done(); }

}  // namespace

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  auto [ctx, cancel] = leash::with_cancel(loop.background());
  leash::go(loop.background(), until_done(ctx));
  std::thread other([remote = cancel.remote()] { remote(); });
  const auto ran = loop.run();
  other.join();
  io.restart();
  io.poll();
  if (ran && leash::live_tasks(loop) == 0) return 0;
  std::fputs("the task has not ended\n", stderr);
  return 1;
}
