// SPDX-License-Identifier: BSL-1.0
#include "http/server/limits/admission.hpp"

#include <algorithm>

#include "http/server/worker.hpp"

namespace http::server {

std::uint64_t Admission::connections() const noexcept {
  std::int64_t open = 0;
  for (const Worker* worker : workers_) open += worker->open.load() - worker->leaving.load();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(open, 0));
}

void Admission::make_room(std::uint64_t clients) const {
  Worker* const longest = *std::ranges::min_element(
      workers_, {}, [](const Worker* each) { return each->waiting.longest_since(); });
  if (longest->waiting.longest_since() == leash::TimePoint::max()) return;
  longest->make_room(clients);
}

}  // namespace http::server
