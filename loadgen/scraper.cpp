// SPDX-License-Identifier: BSL-1.0
#include "loadgen/scraper.hpp"

#include <fmt/format.h>

#include <cmath>
#include <ranges>
#include <string_view>
#include <utility>

#include "cli/text.hpp"
#include "loadgen/metrics_text.hpp"
#include "units/duration.hpp"

namespace loadgen {
namespace {

constexpr std::size_t most_leak_text = 64 * 1024;

client::Options options_for(const MetricsSource& source, std::shared_ptr<client::TlsContext> tls) {
  client::Options chosen;
  chosen.pool.idle_per_host = 1;
  chosen.response.body_bytes = std::uint64_t{64} * 1024 * 1024;
  chosen.user_agent = "leash-load";
  chosen.unix_socket = source.unix_socket;
  chosen.tls = std::move(tls);
  return chosen;
}

}  // namespace

Scraper::Scraper(leash::Loop& loop, MetricsSource source, std::string token,
                 std::shared_ptr<client::TlsContext> tls)
    : loop_(loop),
      source_(std::move(source)),
      token_(source_.gets_token ? std::move(token) : std::string()),
      http_(loop, options_for(source_, std::move(tls))) {}

client::Request Scraper::request_for(std::string target, leash::Duration timeout) const {
  client::Request request(source_.url);
  request.url.target = std::move(target);
  request.timeout = timeout;
  if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
  return request;
}

leash::Task<std::vector<std::string>> Scraper::leaks(leash::Context ctx, leash::Duration timeout) {
  std::vector<std::string> lines;
  for (const char* const target : {"/cures", "/debug/leaks?format=text"}) {
    client::Request request = request_for(target, timeout);
    const auto response = co_await http_.call(ctx, std::move(request));
    if (!response || response->status != 200) continue;
    const auto type = response->headers.find("Content-Type");
    if (!type || !type->starts_with("text/plain")) continue;
    const std::string_view text = std::string_view(response->body).substr(0, most_leak_text);
    for (const auto line : std::views::split(text, '\n'))
      lines.push_back(cli::without_control_characters(std::string_view(line)));
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    break;
  }
  co_return lines;
}

leash::Task<std::expected<Scrape, std::string>> Scraper::scrape(leash::Context ctx, leash::Duration timeout) {
  const auto fail = [this](std::string_view why) {
    return std::unexpected(fmt::format("{}: {}", address(), why));
  };
  client::Request request = request_for(source_.url.target, timeout);
  auto response = co_await http_.call(ctx, std::move(request));
  was_answered_ = response.has_value();
  if (!response) {
    const bool late = response.error() == leash::errc::deadline_exceeded;
    co_return fail(late ? "no answer within " + units::format_duration(timeout) : response.error().message());
  }
  if (response->status != 200) {
    co_return fail(fmt::format("{} {}", response->status, cli::without_control_characters(response->reason)));
  }
  const auto metrics = parse_metrics(response->body);
  if (!metrics) co_return fail(metrics.error());
  auto figures = observe(*metrics, loop_.now());
  if (!figures) co_return fail(figures.error());

  Scrape scrape;
  scrape.figures = *figures;
  const double in_flight = metrics->sum("http_requests_in_flight").value_or(0);
  if (!is_usable(in_flight)) {
    co_return fail("the server's http_requests_in_flight is not a usable number");
  }
  scrape.in_flight = std::llround(in_flight);
  for (const Sample& sample : metrics->samples()) {
    if (sample.name == "leash_server_mode" && sample.value == 1)
      scrape.mode = cli::without_control_characters(sample.label("mode"));
  }
  co_return scrape;
}

}  // namespace loadgen
