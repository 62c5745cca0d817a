// SPDX-License-Identifier: BSL-1.0
#pragma once
// Looks at a server's /metrics.
//
// Guarantees     an error is one sentence. A scrape that takes longer than its timeout is given up.
// Threads        the loop's.
// Lifetime       outlives its scrapes.
//
//   loadgen::Scraper scraper(loop, url);
//   auto seen = co_await scraper.scrape(ctx, 1s);
//   if (seen) use(seen->figures.tasks_leaked, seen->mode);

#include <cstdint>
#include <expected>
#include <string>

#include "client/client.hpp"
#include "http/message/target.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"
#include "loadgen/observation.hpp"

namespace loadgen {

struct Scrape {
  ServerObservation figures;
  std::int64_t in_flight = 0;  // requests, of all clients
  std::string mode;            // "fixed", "leaky"; empty when the server does not say
};

class Scraper {
 public:
  // With a token each scrape carries it: Authorization: Bearer.
  Scraper(leash::Loop& loop, http::Url metrics, std::string token = {});

  leash::Task<std::expected<Scrape, std::string>> scrape(leash::Context ctx, leash::Duration timeout);
  void close() noexcept { http_.close_idle(); }

 private:
  leash::Loop& loop_;
  http::Url url_;
  std::string token_;
  client::Client http_;
};

}  // namespace loadgen
