// SPDX-License-Identifier: BSL-1.0
// A program for the test of `leash-client ps`: some tasks, one of them leaked, in a loop that runs or is stuck.
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "leash/channel.hpp"
#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/sleep.hpp"
#include "leash/task.hpp"

namespace {

leash::Task<> worker(leash::Channel<int> jobs) { (void)co_await jobs.receive(); }
leash::Task<> poller(leash::Context ctx) { (void)co_await leash::sleep(ctx, std::chrono::hours(1)); }

leash::Task<> block() {
  for (;;) ::pause();  // which a signal ends
  co_return;
}

leash::Task<> start(leash::Loop& loop, leash::Channel<int> jobs, bool stuck) {
  auto [request, cancel] = leash::with_cancel(loop.background(), {"request", 918, leash::Role::request});
  leash::go(request, worker(jobs), "forgotten");
  cancel(make_error_code(leash::errc::disconnected));
  (void)co_await leash::sleep(loop.background(), std::chrono::milliseconds(1200));  // until it has leaked
  asio::post(loop.io(), [&loop, stuck] {
    std::puts("ready");
    std::fflush(stdout);
    if (stuck) leash::go(loop.background(), block(), "blocks");
  });
}

}  // namespace

int main(int, char** argv) {
  asio::io_context io{1};
  leash::LoopOptions options;
  options.name = "sample";
  leash::Loop loop(io, std::move(options));
  leash::Channel<int> jobs;
  for (int i = 0; i < 5; ++i) leash::go(loop.background(), worker(jobs), "worker");
  leash::go(loop.background(), poller(loop.background()), "poller");
  leash::go(loop.background(), start(loop, jobs, argv[1] && std::string_view(argv[1]) == "stuck"), "start");
  return loop.run() ? 0 : 1;
}
