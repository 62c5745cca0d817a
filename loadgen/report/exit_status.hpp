// SPDX-License-Identifier: BSL-1.0
#pragma once
// How leash-load ends.
//
// Threads        any.
//
//   return loadgen::exit_status(results);

#include <span>

#include "loadgen/report/report.hpp"

namespace loadgen {

enum Exit : int { clean = 0, usage = 2, leak = 3, missed = 4, unknown = 5 };

// The worst of them all, what is certain before what is not: a leak, a threshold that was missed, a verdict that
// could not be reached. Where nobody was to look at the server, there is none to reach.
int exit_status(std::span<const RunResult> results) noexcept;

}  // namespace loadgen
