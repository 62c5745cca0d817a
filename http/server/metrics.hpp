// SPDX-License-Identifier: BSL-1.0
#pragma once
// One worker's metrics of its connections and requests.
//
// Guarantees     the number of counters is the number of routes, methods, statuses and label values: bounded, whatever
//                clients request.
// Threads        written by the loop's thread alone; read from any (single-writer relaxed atomics, as
//                leash::Figure).
//
//   metrics.finished({.route = 0, .method = http::Method::get, .status = 200, .label = 0}, elapsed);

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/message/message.hpp"
#include "leash/metrics.hpp"

namespace http::server {

// The label `method`; all others are "other".
inline constexpr std::array<std::string_view, 5> method_labels{"GET", "HEAD", "POST", "PUT", "other"};

// The label `code`: the statuses of responses; 499 is a client that disconnected, 0 stands for all others.
inline constexpr std::array<int, 23> status_labels{200, 204, 400, 401, 403, 404, 405, 408, 413, 414, 415, 417,
                                                   422, 429, 431, 499, 500, 501, 502, 503, 504, 505, 0};

class Metrics {
 public:
  // `routes`: labels of routes; `labels`: values of the program's label.
  Metrics(std::size_t routes, std::size_t labels);

  struct Request {
    std::size_t route;
    std::optional<Method> method;  // empty: the bytes were no request
    int status;
    std::size_t label;
  };
  void finished(const Request& request, std::chrono::nanoseconds elapsed) noexcept;
  std::uint64_t answered() const noexcept;  // all routes, since the start

  struct Latency {
    std::array<leash::Figure, leash::Metrics::latency_bounds.size() + 1> buckets;
    leash::Figure nanoseconds;  // sum
  };
  // By place in method_labels and status_labels.
  std::uint64_t requests(std::size_t route, std::size_t method, std::size_t status,
                         std::size_t label) const noexcept {
    return requests_[at(route, method, status, label)].get();
  }
  const Latency& latency(std::size_t route, std::size_t label) const noexcept {
    return latencies_[route * labels_ + label];
  }

  std::vector<leash::Figure> deadline_exceeded;  // by route
  leash::Figure in_flight;
  leash::Figure connections;
  leash::Figure connections_total;
  leash::Figure evicted;  // idle connections closed to make room for new ones

 private:
  std::size_t at(std::size_t route, std::size_t method, std::size_t status,
                 std::size_t label) const noexcept {
    return ((route * method_labels.size() + method) * status_labels.size() + status) * labels_ + label;
  }

  std::size_t labels_;
  std::vector<leash::Figure> requests_;
  std::vector<Latency> latencies_;
};

}  // namespace http::server
