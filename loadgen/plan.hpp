// SPDX-License-Identifier: BSL-1.0
#pragma once
// What load is to be sent to one server.
//
// Threads        a plain value.
//
//   loadgen::Plan plan(*http::parse_url("http://127.0.0.1:8080/demo"));
//   plan.rate = 300;   // open loop, or stages; without both, closed loop: `connections`, each back to back

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/connection.hpp"
#include "http/message/message.hpp"
#include "http/message/target.hpp"
#include "leash/clock.hpp"
#include "loadgen/schedule.hpp"

namespace loadgen {

struct Plan {
  explicit Plan(http::Url where) : url(std::move(where)) {}

  http::Url url;
  std::vector<http::OutgoingRequest> messages = {};  // sent in turn; empty: a GET of the URL
  std::uint64_t threads = 1;                         // that send; at most one for each connection
  bool keep_alive = true;                            // else a new connection for each request
  std::string unix_socket = {};                      // a path, in place of the URL's host and port
  std::shared_ptr<client::TlsContext> tls = {};      // for https
  std::optional<double> rate = {};                   // requests a second
  std::vector<Stage> stages = {};                    // in place of a rate; `duration` is then their length
  std::uint64_t connections = 16;                    // at most; in a closed loop exactly
  leash::Duration warmup = std::chrono::seconds(1);  // at the rate with which the load begins
  std::optional<leash::Duration> duration = {};      // after the warm-up
  std::optional<std::uint64_t> requests = {};        // after the warm-up; what is reached first ends the load
  leash::Duration timeout = std::chrono::seconds(5);
  double abort_share = 0;  // 0 to 1

  bool is_open() const noexcept { return rate || !stages.empty(); }

  client::Origin origin() const;

  // After the warm-up, as far as that is known before.
  std::optional<std::uint64_t> requests_in_all() const;

  // Of an open loop, the warm-up included.
  Schedule schedule() const;

  // Requests a second, on the average.
  std::optional<double> rate_asked() const noexcept {
    if (!stages.empty()) return mean_rate_of(stages);
    return rate;
  }
};

// "open loop, 300 a second over at most 64 connections, for 15s after a warm-up of 1s"
std::string describe(const Plan& plan);

}  // namespace loadgen
