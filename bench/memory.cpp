// SPDX-License-Identifier: BSL-1.0
// What tasks cost in resident memory: one case a run, because what a case leaves behind would count for the
// next one. Prints a JSON object.

#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "bench/workload.hpp"

namespace leash::bench {
namespace {

constexpr std::size_t task_count = 1'000'000;

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

using Start = std::function<void(const Context& ctx, const Channel<int>& channel)>;

// Starts a million tasks, measures, ends them, measures again.
void measure(const Start& start) {
  Home home;
  const Channel<int> channel;
  // Warm-up: code, stacks and the tables of the loop are resident before the first figure is taken.
  const auto run = [&](std::size_t count, auto while_they_live) {
    Cancelable owner = with_cancel(home.loop.background());
    for (std::size_t n = 0; n < count; ++n) start(owner.ctx, channel);
    home.poll();
    while_they_live();
    owner.cancel();
    channel.close();
    home.poll();
  };
  {
    Cancelable owner = with_cancel(home.loop.background());
    start(owner.ctx, Channel<int>());
    home.poll();
    owner.cancel();
  }

  const std::size_t before = resident_bytes();
  std::size_t peak = 0;
  run(task_count, [&] { peak = resident_bytes(); });
  const std::size_t after = resident_bytes();

  const double growth = static_cast<double>(peak) - static_cast<double>(before);
  const double kept = static_cast<double>(after) - static_cast<double>(before);
  std::printf(
      "{\n  \"tasks\": %zu,\n  \"rss_before\": %zu,\n  \"rss_peak\": %zu,\n  \"rss_after\": %zu,\n"
      "  \"bytes_per_task\": %.1f,\n  \"kept_percent\": %.2f\n}\n",
      task_count, before, peak, after, growth / static_cast<double>(task_count), 100 * kept / growth);
}

const std::map<std::string, Start>& cases() {
  static const std::map<std::string, Start> all{
      {"parked", [](const Context& ctx, const Channel<int>& channel) { go(ctx, parked(channel)); }},
      {"parked_under_context",
       [](const Context& ctx, const Channel<int>& channel) { go(ctx, parked_under(ctx, channel)); }},
      {"parked_with_timeout",
       [](const Context& ctx, const Channel<int>& channel) { go(ctx, parked_with_timeout(ctx, channel)); }},
  };
  return all;
}

}  // namespace
}  // namespace leash::bench

int main(int argc, char** argv) {
  const auto& cases = leash::bench::cases();
  const auto chosen = argc == 2 ? cases.find(argv[1]) : cases.end();
  if (chosen == cases.end()) {
    std::string names;
    for (const auto& [name, start] : cases) names += (names.empty() ? "" : ", ") + name;
    std::fprintf(stderr, "usage: leash-memory CASE, one of: %s\n", names.c_str());
    return 2;
  }
  leash::bench::measure(chosen->second);
}
