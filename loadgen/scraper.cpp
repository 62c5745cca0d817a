// SPDX-License-Identifier: BSL-1.0
#include "loadgen/scraper.hpp"

#include <cmath>
#include <utility>

#include "cli/text.hpp"
#include "loadgen/metrics_text.hpp"
#include "units/duration.hpp"

namespace loadgen {
namespace {

client::Options options() {
  client::Options chosen;
  chosen.pool.idle_per_host = 1;
  chosen.response.body_bytes = std::uint64_t{64} * 1024 * 1024;
  return chosen;
}

}  // namespace

Scraper::Scraper(leash::Loop& loop, http::Url metrics, std::string token)
    : loop_(loop), url_(std::move(metrics)), token_(std::move(token)), http_(loop, options()) {}

leash::Task<std::expected<Scrape, std::string>> Scraper::scrape(leash::Context ctx, leash::Duration timeout) {
  const std::string address = "http://" + url_.authority() + url_.target;
  client::Request request(url_);
  request.timeout = timeout;
  if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
  auto response = co_await http_.call(ctx, std::move(request));
  if (!response) {
    const bool late = response.error() == leash::errc::deadline_exceeded;
    const std::string why =
        late ? "no answer within " + http::format_duration(timeout) : response.error().message();
    co_return std::unexpected(address + ": " + why);
  }
  if (response->status != 200) {
    co_return std::unexpected(address + ": " + std::to_string(response->status) + " " +
                              client::without_control_characters(response->reason));
  }
  const auto metrics = parse_metrics(response->body);
  if (!metrics) co_return std::unexpected(address + ": " + metrics.error());
  auto figures = observe(*metrics, loop_.now());
  if (!figures) co_return std::unexpected(address + ": " + figures.error());

  Scrape scrape;
  scrape.figures = *figures;
  const double in_flight = metrics->sum("http_requests_in_flight").value_or(0);
  if (!is_usable(in_flight)) {
    co_return std::unexpected(address + ": the server's http_requests_in_flight is not a usable number");
  }
  scrape.in_flight = std::llround(in_flight);
  for (const Sample& sample : metrics->samples()) {
    if (sample.name == "leash_server_mode" && sample.value == 1)
      scrape.mode = client::without_control_characters(sample.label("mode"));
  }
  co_return scrape;
}

}  // namespace loadgen
