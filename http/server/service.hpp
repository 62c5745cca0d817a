// SPDX-License-Identifier: BSL-1.0
#pragma once
// The state that all workers of a server share.
//
// Threads        routes, settings and log are constant once a worker runs; the rest are atomics, which any thread may
//                read and write.
// Lifetime       outlives its workers.
//
//   http::server::Service service({{http::Method::get, "/healthz", "", "alive", healthz}});
//   http::server::Worker worker(service, {.name = "worker 0"});

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message/limits.hpp"
#include "http/server/limits/memory_budget.hpp"
#include "http/server/log_event.hpp"
#include "http/server/router.hpp"

namespace http::server {

struct Settings {
  Limits limits;
  std::chrono::nanoseconds request_timeout = std::chrono::seconds(2);
  std::chrono::nanoseconds header_timeout =
      std::chrono::seconds(10);                                      // from its first byte to a complete head
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(10);  // between two reads of a body
  std::chrono::nanoseconds first_byte_timeout = std::chrono::seconds(10);  // of a new connection
  // Between two requests: longer than common proxies and load balancers keep a connection (60 s), so that they close it
  // first.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);  // without progress
  bool half_close_cancels = true;
  std::uint64_t max_in_flight = 10'000;  // of all workers together
  bool log_requests = false;             // log an event per request at level debug
};

// A label that the program adds to the metrics of its requests. The handler chooses its value (Exchange::label); the
// default is `usual`.
struct RequestLabel {
  std::string_view name;
  std::vector<std::string_view> values{""};
  std::atomic<std::size_t> usual{0};
};

struct Service {
  explicit Service(std::vector<Route> routes, Settings of = {}, Router::Guard guard = {})
      : settings(of), router(std::move(routes), std::move(guard)) {}

  const Settings settings;
  MemoryBudget memory;  // of all workers together
  const Router router;
  RequestLabel label;
  LogFunction log = [](LogLevel, std::string_view, std::initializer_list<LogField>) {};
  std::atomic<bool> draining{false};  // each response announces the end of its connection
};

}  // namespace http::server
