// SPDX-License-Identifier: BSL-1.0
#include <benchmark/benchmark.h>

#include <chrono>

#include "bench/allocations.hpp"
#include "bench/workload.hpp"

namespace leash::bench {
namespace {

void timeout_and_cancel(const Context& parent) {
  auto [ctx, cancel] = with_timeout(parent, std::chrono::seconds(5));
  benchmark::DoNotOptimize(ctx);
  cancel();
}

// In a task, as in a service: outside of a turn of the loop each of them would arm and disarm Asio's timer.
Task<> repeat_timeout_and_cancel(Context parent, benchmark::State& state) {
  timeout_and_cancel(parent);  // warm-up: the first context's block, the first timer's place in the heap
  const std::size_t before = allocations();
  for (auto _ : state) timeout_and_cancel(parent);
  state.counters["allocations"] =
      static_cast<double>(allocations() - before) / static_cast<double>(state.iterations());
  co_return;
}

void with_timeout_cancel(benchmark::State& state) {
  Home home;
  go(home.loop.background(), repeat_timeout_and_cancel(home.loop.background(), state));
  home.poll();
}
BENCHMARK(with_timeout_cancel);

}  // namespace
}  // namespace leash::bench
