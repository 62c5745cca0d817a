// SPDX-License-Identifier: BSL-1.0
#pragma once
// The load to send to one server.
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
  std::vector<http::OutgoingRequest> messages = {};  // sent in rotation; empty: a GET of the URL
  std::uint64_t threads = 1;                         // sending threads; at most one per connection
  bool keep_alive = true;                            // false: a new connection for each request
  std::string unix_socket = {};                      // a path, in place of the URL's host and port
  std::shared_ptr<client::TlsContext> tls = {};      // needed for https
  std::optional<double> rate = {};                   // requests per second
  std::vector<Stage> stages = {};                    // replace the rate; `duration` is then their length
  std::uint64_t connections = 16;                    // maximum in an open loop; exact number in a closed loop
  leash::Duration warmup = std::chrono::seconds(1);  // at the first rate of the load
  std::optional<leash::Duration> duration = {};      // after the warm-up
  std::optional<std::uint64_t> requests = {};  // after the warm-up; duration or requests, whichever is first
  leash::Duration timeout = std::chrono::seconds(5);
  bool spin = false;       // an open loop polls, so that each request is sent at its own time
  bool stamped = true;     // the kernel says when a response arrived; otherwise it counts when it is read
  bool alone = true;       // no other load runs in its thread
  double abort_share = 0;  // share of requests to abort, 0 to 1

  Share share = {};  // the part of the schedule of an open loop that is sent by one of several threads

  bool is_open() const noexcept { return rate || !stages.empty(); }

  client::Origin origin() const;

  // Total after the warm-up, if it is known in advance.
  std::optional<std::uint64_t> requests_in_all() const;

  // The schedule of an open loop, including the warm-up.
  Schedule schedule() const;

  // Average requests per second.
  std::optional<double> rate_asked() const noexcept {
    if (!stages.empty()) return mean_rate_of(stages);
    return rate;
  }
};

// "open loop, 300 per second, at most 64 connections, for 15s after 1s of warm-up"
std::string describe(const Plan& plan);

}  // namespace loadgen
