// SPDX-License-Identifier: BSL-1.0
#include "inspector/recent_samples.hpp"

#include <algorithm>
#include <chrono>

#include "leash/coroutines.hpp"
#include "leash/loops.hpp"
#include "process/process.hpp"

namespace inspector {

Sample take_sample() {
  Sample taken;
  taken.time = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  taken.resident_bytes = process::resident_bytes();
  taken.coroutines_live = leash::live_coroutines();
  for (const leash::RemoteLoop& loop : leash::all_loops()) {
    for (const leash::SiteMetrics& site : loop.metrics()->sites()) {
      taken.tasks_live += site.live();
      taken.tasks_leaked += site.leaked_now();
    }
  }
  return taken;
}

void RecentSamples::add(const Sample& taken) {
  if (samples_.size() == most) samples_.pop_front();
  samples_.push_back(taken);
  ++newest_;
}

std::vector<Sample> RecentSamples::after(std::uint64_t number) const {
  const std::uint64_t missed = number > newest_ ? newest_ : newest_ - number;
  const auto count = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(missed, samples_.size()));
  return {samples_.end() - count, samples_.end()};
}

}  // namespace inspector
