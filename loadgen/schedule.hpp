// SPDX-License-Identifier: BSL-1.0
#pragma once
// The times at which the requests of an open loop are sent, independent of earlier requests.
//
// What it is     stages, one after the other. A stage is a step with a constant rate, or a ramp whose rate changes
//                evenly from one value to another.
// Requires       rates of 0 to a million; at least one above 0.
// Guarantees     a stage sends as many requests as the area under its rate (a fraction is carried over), evenly spaced in
//                a step: request i of a schedule with one rate is due at i / rate, without drift. A stage with rate
//                0 is a pause. Threads that have a share each send together what one would.
// Threads        a plain value.
//
//   loadgen::Schedule schedule({{.lasts = 10s, .from = 100, .to = 100}, {.lasts = 30s, .from = 100, .to = 1000}});
//   schedule.due(3)      // 30 ms after the start
//   schedule.due(17500)  // empty: there are 1,000 + 16,500 requests

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "leash/clock.hpp"

namespace loadgen {

struct Stage {
  leash::Duration lasts;
  double from;  // requests per second
  double to;
};

// One thread's part of the requests of a schedule: the first, and every one so many further on.
struct Share {
  std::uint64_t first = 0;
  std::uint64_t step = 1;
};

class Schedule {
 public:
  explicit Schedule(const std::vector<Stage>& stages, Share share = {});

  // Time since the start; empty after the last request.
  std::optional<leash::Duration> due(std::uint64_t request) const noexcept;

  // How many requests are due before this time, including the fraction of the next one.
  double requests_before(leash::Duration since_start) const noexcept;

  // Average requests per second between two times.
  std::optional<double> rate_between(leash::Duration from, leash::Duration to) const noexcept;

  // Requests per second; 0 after the last stage.
  double rate_at(leash::Duration since_start) const noexcept;

 private:
  struct Part {
    double begins;  // nanoseconds
    double lasts;
    double from;  // requests per nanosecond
    double to;
    double requests_before;
    double requests_until;
  };
  double all_before(leash::Duration since_start) const noexcept;  // of all shares

  std::vector<Part> parts_;
  Share share_;
};

// "10s:100,30s:100..1000": ten seconds at 100 per second, then thirty seconds in which the rate grows to 1000. The
// error is one line.
std::expected<std::vector<Stage>, std::string> parse_stages(std::string_view text);

leash::Duration length_of(const std::vector<Stage>& stages) noexcept;
double mean_rate_of(const std::vector<Stage>& stages) noexcept;

}  // namespace loadgen
