// SPDX-License-Identifier: BSL-1.0
#pragma once
// What all threads of the server share: the options, and a few switches.
//
// Threads        options are constant; the rest are atomics that any thread reads and writes.

#include <atomic>
#include <cstdint>

#include "server/mode.hpp"
#include "server/options.hpp"

namespace server {

struct Shared {
  explicit Shared(const Options& o) : options(o), mode(o.mode) {}
  const Options options;
  std::atomic<Mode> mode;
  std::atomic<bool> draining{false};
  std::atomic<bool> leak_limit_reached{false};  // sampled a few times a second
};

}  // namespace server
