#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>

#include "bench/workload.hpp"

namespace leash::bench {
namespace {

Task<> trivial() { co_return; }

// A hundred at a time, so that the cost of a turn of Asio's does not count for each.
void go_finish(benchmark::State& state) {
  constexpr int batch = 100;
  Home home;
  const Cancelable owner = with_cancel(home.loop.background());
  while (state.KeepRunningBatch(batch)) {
    for (int n = 0; n < batch; ++n) go(owner.ctx, trivial());
    home.poll();
  }
}
BENCHMARK(go_finish);

// From the call of cancel until the last of them has ended.
void cancel_parked(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range());
  Home home;
  const Channel<int> channel;
  for (auto _ : state) {
    Cancelable owner = with_cancel(home.loop.background());
    park_under(home, owner.ctx, channel, count);
    const auto start = std::chrono::steady_clock::now();
    owner.cancel();
    home.poll();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (live_tasks(home.loop) != 0) state.SkipWithError("tasks are left");
  }
}
BENCHMARK(cancel_parked)->Arg(10'000)->UseManualTime();
BENCHMARK(cancel_parked)->Arg(1'000'000)->UseManualTime()->Iterations(2);

}  // namespace
}  // namespace leash::bench
