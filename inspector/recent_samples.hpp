// SPDX-License-Identifier: BSL-1.0
#pragma once
// The metrics of the last ten minutes, one sample per second, for a page that has just been opened.
//
// Guarantees     a sample adds up the metrics of all loops without asking any of them, so it works while a loop is stuck.
//                Keeps the last 600.
// Threads        one.
//
//   samples.add(inspector::take_sample());
//   for (const inspector::Sample& each : samples.after(seen)) use(each.tasks_leaked);
//   seen = samples.newest();

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace inspector {

struct Sample {
  double time = 0;  // seconds since the epoch
  std::uint64_t tasks_live = 0;
  std::uint64_t tasks_leaked = 0;
  std::uint64_t coroutines_live = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t requests = 0;  // answered since the start, if the program counts requests
};

Sample take_sample();

class RecentSamples {
 public:
  static constexpr std::size_t most = 600;

  void add(const Sample& taken);
  // The number of the latest sample; the first one is 1, and 0 means none.
  std::uint64_t newest() const noexcept { return newest_; }
  // The samples after that number, oldest first. If the number was never assigned (it is from another process), all
  // samples.
  std::vector<Sample> after(std::uint64_t number) const;

 private:
  std::deque<Sample> samples_;
  std::uint64_t newest_ = 0;
};

}  // namespace inspector
