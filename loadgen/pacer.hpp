#pragma once
// When each request of an open loop is to be sent: on a fixed grid, whatever happened to the ones before.
//
// Requires       a rate above 0.
// Guarantees     request i is due i / rate after the start, without drift.
// Threads        a plain value.
//
//   loadgen::Pacer pacer(start, 300);
//   pacer.due(3)  // start + 10 ms

#include <cmath>
#include <cstdint>

#include "leash/clock.hpp"

namespace loadgen {

class Pacer {
 public:
  Pacer(leash::TimePoint start, double rate) noexcept : start_(start), nanoseconds_(1e9 / rate) {}

  leash::TimePoint due(std::uint64_t request) const noexcept {
    return start_ + std::chrono::nanoseconds(std::llround(static_cast<double>(request) * nanoseconds_));
  }

 private:
  leash::TimePoint start_;
  double nanoseconds_;  // between two requests
};

}  // namespace loadgen
