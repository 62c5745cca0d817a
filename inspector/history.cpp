// SPDX-License-Identifier: BSL-1.0
#include "inspector/history.hpp"

#include <algorithm>
#include <chrono>

#include "process/process.hpp"

namespace server {

Sample sample(const Workers& workers) {
  Sample taken;
  taken.time = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  taken.resident_bytes = resident_bytes();
  for (const auto& worker : workers) {
    for (const leash::SiteMetrics& site : worker->loop().metrics()->sites()) {
      taken.tasks_live += site.live();
      taken.tasks_leaked += site.leaked_now();
    }
    taken.requests += worker->http_metrics().answered();
  }
  return taken;
}

void History::add(const Sample& taken) {
  if (samples_.size() == most) samples_.pop_front();
  samples_.push_back(taken);
  ++newest_;
}

std::vector<Sample> History::after(std::uint64_t number) const {
  const std::uint64_t missed = number > newest_ ? newest_ : newest_ - number;
  const auto count = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(missed, samples_.size()));
  return {samples_.end() - count, samples_.end()};
}

}  // namespace server
