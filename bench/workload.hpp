// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the benchmarks have in common: a loop that is polled by hand, and tasks that park.

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>

#include "leash/channel.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace leash::bench {

struct Home {
  explicit Home(Clock* clock = nullptr) : loop(io, with(clock)) {}

  // Until nothing is ready to run.
  void poll() {
    if (io.stopped()) io.restart();
    io.poll();
  }

  asio::io_context io{1};
  Loop loop;

 private:
  static LoopOptions with(Clock* clock) {
    LoopOptions options;
    options.clock = clock;
    return options;
  }
};

// Waits for ever: nothing is sent.
inline Task<> parked(Channel<int> channel) { (void)co_await channel.receive(); }

// Waits until its context is done.
inline Task<> parked_under(Context ctx, Channel<int> channel) { (void)co_await channel.receive(ctx); }

// The same under a context of its own.
inline Task<> parked_with_timeout(Context parent, Channel<int> channel) {
  const auto [ctx, cancel] = with_timeout(parent, std::chrono::hours(1));
  (void)co_await channel.receive(ctx);
}

inline void park_under(Home& home, const Context& ctx, const Channel<int>& channel, std::size_t count) {
  for (std::size_t n = 0; n < count; ++n) go(ctx, parked_under(ctx, channel));
  home.poll();
}

}  // namespace leash::bench
