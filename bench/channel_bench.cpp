// SPDX-License-Identifier: BSL-1.0
#include <benchmark/benchmark.h>

#include "bench/workload.hpp"

namespace leash::bench {
namespace {

Task<> send_all(Channel<int> channel, benchmark::State& state) {
  for (auto _ : state) {
    const auto sent = co_await channel.send(1);
    if (!sent) break;
  }
  channel.close();
}

Task<> receive_all(Channel<int> channel) {
  for (;;) {
    auto value = co_await channel.receive();
    if (!value) co_return;
    benchmark::DoNotOptimize(*value);
  }
}

// Unbuffered: each value is handed from one task to the other.
void send_receive(benchmark::State& state) {
  Home home;
  const Channel<int> channel;
  go(home.loop.background(), receive_all(channel));
  go(home.loop.background(), send_all(channel, state));
  home.poll();
}
BENCHMARK(send_receive);

}  // namespace
}  // namespace leash::bench
