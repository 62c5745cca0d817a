// SPDX-License-Identifier: BSL-1.0
#include "leash/metrics.hpp"

#include <algorithm>
#include <cstring>

namespace leash {

std::uint16_t Metrics::site(const std::source_location& where) noexcept {
  // A site is a line of a file. The program may have several copies of the file's name (templates in
  // several translation units). So if a look-up by pointer fails, the text is looked up before the site is
  // added.
  const auto hash = (reinterpret_cast<std::uintptr_t>(where.file_name()) >> 3) * 31 + where.line();
  const auto enter = [&](Slot& slot, std::uint16_t index) {
    slot = {where.file_name(), where.line(), index};
    return index;
  };
  Slot* slot = nullptr;
  for (std::size_t probe = 0; probe < slots_.size(); ++probe) {
    slot = &slots_[(hash + probe) % slots_.size()];
    if (slot->file == where.file_name() && slot->line == where.line()) return slot->index;
    if (slot->file == nullptr) break;
  }
  const std::size_t count = count_.load(std::memory_order_relaxed);
  const bool slot_is_free = slot->file == nullptr;
  for (std::size_t index = 0; index < count; ++index) {
    const SiteMetrics& known = sites_[index];
    if (known.line == where.line() && std::strcmp(known.file, where.file_name()) == 0) {
      return slot_is_free ? enter(*slot, static_cast<std::uint16_t>(index))
                          : static_cast<std::uint16_t>(index);
    }
  }
  if (count >= other_site) {
    if (count == other_site) {
      sites_[other_site].file = "other";
      count_.store(max_sites, std::memory_order_release);
    }
    return slot_is_free ? enter(*slot, other_site) : other_site;
  }
  sites_[count].file = where.file_name();
  sites_[count].function = where.function_name();
  sites_[count].line = where.line();
  count_.store(count + 1, std::memory_order_release);
  return enter(*slot, static_cast<std::uint16_t>(count));
}

void Metrics::observe_cancel_latency(Duration latency) noexcept {
  const double seconds = std::chrono::duration<double>(latency).count();
  const auto bound = std::lower_bound(latency_bounds.begin(), latency_bounds.end(), seconds);
  cancel_latency[static_cast<std::size_t>(bound - latency_bounds.begin())].add();
  cancel_latency_nanoseconds.add(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(latency).count()));
}

}  // namespace leash
