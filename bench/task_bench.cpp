// SPDX-License-Identifier: BSL-1.0
#include <benchmark/benchmark.h>

#include <cstddef>
#include <ctime>

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

// CPU time, as in the other rows: others may use the machine, too.
double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// From the call of cancel until the last of them has ended.
void cancel_parked(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range());
  Home home;
  const Channel<int> channel;
  for (auto _ : state) {
    Cancelable owner = with_cancel(home.loop.background());
    park_under(home, owner.ctx, channel, count);
    const double start = thread_seconds();
    owner.cancel();
    home.poll();
    state.SetIterationTime(thread_seconds() - start);
    if (live_tasks(home.loop) != 0) state.SkipWithError("tasks are left");
  }
}
BENCHMARK(cancel_parked)->Arg(10'000)->UseManualTime();
BENCHMARK(cancel_parked)->Arg(1'000'000)->UseManualTime()->Iterations(2);

}  // namespace
}  // namespace leash::bench
