// SPDX-License-Identifier: BSL-1.0
#pragma once
// Runs an io_context step by step, for tests that interrupt at each step. (leash/every_step.hpp does it for a task.)
//
//   int taken = 0;
//   EXPECT_TRUE(support::step_until(io, taken, [&] { return answer.has_value(); }));

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>

#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"

namespace support {

inline constexpr int most_steps = 5000;

// Runs handlers one by one and counts them in `handlers`, until `until` is true; false after ten seconds.
inline bool step_until(asio::io_context& io, int& handlers, const std::function<bool()>& until) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!until()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    if (io.stopped()) io.restart();
    handlers += static_cast<int>(io.run_one_for(std::chrono::milliseconds(5)));
  }
  return true;
}

}  // namespace support
