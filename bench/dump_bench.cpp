// SPDX-License-Identifier: BSL-1.0
#include "leash/dump.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "bench/workload.hpp"

namespace leash::bench {
namespace {

DumpOptions only_leaked() {
  DumpOptions options;
  options.filter.state = TaskState::leaked;
  return options;
}

// Does anything leak? Nothing does.
void leak_check(benchmark::State& state) {
  Home home;
  const Cancelable owner = with_cancel(home.loop.background());
  park_under(home, owner.ctx, Channel<int>(), static_cast<std::size_t>(state.range()));
  for (auto _ : state) {
    const Dump dump = take_dump(home.loop, only_leaked());
    if (dump.matched != 0) state.SkipWithError("nothing leaks here");
  }
}
BENCHMARK(leak_check)->Arg(10'000);

Task<> produce(Channel<int> channel) { (void)co_await channel.send(1); }
Task<> fan_out(Channel<int> channel) { co_await produce(channel); }

// The report over tasks that leaked: each in two frames, all of the same shape, as leaks are.
void report(benchmark::State& state, bool full) {
  const auto count = static_cast<std::size_t>(state.range());
  ManualClock clock;
  Home home(&clock);
  const Channel<int> channel;
  {
    const Cancelable request = with_cancel(home.loop.background(), Label("request", 918));
    for (std::size_t n = 0; n < count; ++n) go(request.ctx, fan_out(channel), "replica");
    home.poll();
  }
  clock.advance(std::chrono::seconds(5));  // beyond the grace
  home.poll();
  DumpOptions options = only_leaked();
  options.full = full;
  for (auto _ : state) {
    const Dump dump = take_dump(home.loop, options);
    if (dump.matched != count) state.SkipWithError("not all of them leaked");
    std::string text = to_text(dump);
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK_CAPTURE(report, grouped, false)->Arg(100'000);
BENCHMARK_CAPTURE(report, each, true)->Arg(100'000);

void dump(benchmark::State& state) {
  Home home;
  const Cancelable owner = with_cancel(home.loop.background());
  park_under(home, owner.ctx, Channel<int>(), static_cast<std::size_t>(state.range()));
  for (auto _ : state) {
    std::string text = to_text(take_dump(home.loop));
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(dump)->Arg(1'000'000)->Iterations(3);

// What a scrape does: the figures of each site, whatever the number of tasks.
void count_by_site(benchmark::State& state) {
  Home home;
  const Cancelable owner = with_cancel(home.loop.background());
  park_under(home, owner.ctx, Channel<int>(), static_cast<std::size_t>(state.range()));
  const auto figures = home.loop.metrics();
  for (auto _ : state) {
    std::uint64_t live = 0;
    for (const SiteMetrics& site : figures->sites()) live += site.live();
    benchmark::DoNotOptimize(live);
  }
}
BENCHMARK(count_by_site)->Arg(1'000'000)->Iterations(1000);

}  // namespace
}  // namespace leash::bench
