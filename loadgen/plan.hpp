#pragma once
// What load is to be sent to one server.
//
// Threads        a plain value.
//
//   loadgen::Plan plan(*http::parse_url("http://127.0.0.1:8080/demo"));
//   plan.rate = 300;   // open loop; without it, closed loop: `connections` of them, each back to back

#include <cstdint>
#include <optional>
#include <utility>

#include "http/target.hpp"
#include "leash/clock.hpp"

namespace loadgen {

struct Plan {
  explicit Plan(http::Url where) : url(std::move(where)) {}

  http::Url url;
  std::optional<double> rate = {};  // requests a second
  std::uint64_t connections = 16;   // at most; in a closed loop exactly
  leash::Duration warmup = std::chrono::seconds(1);
  std::optional<leash::Duration> duration = {};  // after the warm-up
  std::optional<std::uint64_t> requests = {};    // after the warm-up; what is reached first ends the load
  leash::Duration timeout = std::chrono::seconds(5);
  double abort_share = 0;  // 0 to 1
};

}  // namespace loadgen
