// SPDX-License-Identifier: BSL-1.0
#pragma once
// When each request of an open loop is to be sent: whatever happened to the ones before.
//
// What it is     stages, one after the other. A stage is a step, with the same rate from its start to its end,
//                or a ramp, whose rate changes evenly from one to the other.
// Requires       rates of 0 to a million; at least one above 0.
// Guarantees     a stage sends as many requests as the area under its rate says (a fraction is carried on),
//                evenly spaced in a step: request i of a schedule of one rate is due at i / rate, without drift.
//                A stage of rate 0 is a pause.
// Threads        a plain value.
//
//   loadgen::Schedule schedule({{.lasts = 10s, .from = 100, .to = 100}, {.lasts = 30s, .from = 100, .to = 1000}});
//   schedule.due(3)      // 30 ms after the start
//   schedule.due(17500)  // nothing: there are 1,000 + 16,500 of them

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
  double from;  // requests a second
  double to;
};

class Schedule {
 public:
  explicit Schedule(const std::vector<Stage>& stages);

  // Counted from the start; nothing after the last.
  std::optional<leash::Duration> due(std::uint64_t request) const noexcept;

  // How many are due before this time, with the part of the next.
  double requests_before(leash::Duration since_start) const noexcept;

  // Requests per second, on the average between two times.
  std::optional<double> rate_between(leash::Duration from, leash::Duration to) const noexcept;

  // Requests a second; 0 when the stages are over.
  double rate_at(leash::Duration since_start) const noexcept;

 private:
  struct Part {
    double begins;  // nanoseconds
    double lasts;
    double from;  // requests a nanosecond
    double to;
    double requests_before;
    double requests_until;
  };
  std::vector<Part> parts_;
};

// "10s:100,30s:100..1000": ten seconds at 100 a second, then thirty in which the rate grows to 1000. The error
// is one line.
std::expected<std::vector<Stage>, std::string> parse_stages(std::string_view text);

leash::Duration length_of(const std::vector<Stage>& stages) noexcept;
double mean_rate_of(const std::vector<Stage>& stages) noexcept;

}  // namespace loadgen
