// SPDX-License-Identifier: BSL-1.0
#pragma once
// Scrapes a server's /metrics, and reads the leaks that its inspector reports.
//
// Guarantees     an error is one sentence. A scrape that exceeds its timeout is abandoned.
// Threads        the loop's.
// Lifetime       outlives its scrapes.
//
//   loadgen::Scraper scraper(loop, loadgen::MetricsSource(*http::parse_url("http://127.0.0.1:8081/metrics")));
//   auto seen = co_await scraper.scrape(ctx, 1s);
//   if (seen) use(seen->figures.tasks_leaked, seen->mode);

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "http/message/target.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"
#include "loadgen/observation.hpp"

namespace loadgen {

// Where a server serves its metrics.
struct MetricsSource {
  explicit MetricsSource(http::Url where) : url(std::move(where)) {}

  http::Url url;
  std::string unix_socket = {};  // a path; replaces the URL's host and port
  bool gets_token = false;  // the admin token may be sent: it was named explicitly, or is on this machine

  std::string address() const {
    return unix_socket.empty() ? url.origin() + url.target : "unix:" + unix_socket;
  }
};

struct Scrape {
  ServerObservation figures;
  std::int64_t in_flight = 0;  // requests in flight, of all clients
  std::string mode;            // "fixed" or "leaky"; empty if the server reports none
};

class Scraper {
 public:
  // With a token, each scrape sends it if the source may have it: Authorization: Bearer.
  Scraper(leash::Loop& loop, MetricsSource source, std::string token = {},
          std::shared_ptr<client::TlsContext> tls = nullptr);

  leash::Task<std::expected<Scrape, std::string>> scrape(leash::Context ctx, leash::Duration timeout);
  // The leaks that the server reports, as lines of its GET /cures, or else of GET /debug/leaks; empty if it has neither.
  leash::Task<std::vector<std::string>> leaks(leash::Context ctx, leash::Duration timeout);
  void close() noexcept { http_.close_idle(); }
  std::string address() const { return source_.address(); }
  // Whether the last scrape got a response, even an unusable one.
  bool was_answered() const noexcept { return was_answered_; }

 private:
  client::Request request_for(std::string target, leash::Duration timeout) const;

  leash::Loop& loop_;
  MetricsSource source_;
  std::string token_;
  client::Client http_;
  bool was_answered_ = false;
};

}  // namespace loadgen
