// SPDX-License-Identifier: BSL-1.0
#pragma once
// When a response arrived that may have been read later.
//
// What it is     the kernel says how long ago the last bytes arrived. That is measured by the clock of the system, which
//                may be set: a time before the request was sent, or in the future, is not believed, and the response
//                counts as arrived when it was read.
// Threads        any.
//
//   const leash::TimePoint end = loadgen::arrival(sent_at, loop.now(), connection.since_arrival());

#include <optional>

#include "leash/clock.hpp"

namespace loadgen {

inline leash::TimePoint arrival(leash::TimePoint sent_at, leash::TimePoint read_at,
                                std::optional<leash::Duration> since_arrival) noexcept {
  const leash::Duration ago = since_arrival.value_or(leash::Duration::zero());
  return ago < leash::Duration::zero() || ago > read_at - sent_at ? read_at : read_at - ago;
}

}  // namespace loadgen
