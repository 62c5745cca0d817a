// SPDX-License-Identifier: BSL-1.0
#include "server/patterns/upstream_client.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "http/message/trace_context.hpp"
#include "leash/trace.hpp"
#include "units/duration.hpp"

namespace server {
namespace {

client::Options a_connection_for_each_call() {
  client::Options options;
  options.pool.idle_per_host = 0;
  options.margin = std::chrono::milliseconds(20);  // time for the answer to travel
  return options;
}

}  // namespace

Upstream::Upstream(leash::Loop& loop, http::Url url, std::optional<leash::Duration> timeout,
                   std::size_t most_calls)
    : client_(loop, a_connection_for_each_call()),
      url_(std::move(url)),
      timeout_(timeout),
      most_calls_(most_calls) {}

leash::Task<leash::Result<>> Upstream::ask(std::shared_ptr<Upstream> self, leash::Context ctx,
                                           leash::Duration latency) {
  client::Request request(self->url_);
  if (request.url.target == "/") request.url.target = "/backend?latency=" + units::format_duration(latency);
  if (const auto* trace = ctx.value<leash::Trace>()) http::add_trace(request.headers, *trace);
  const auto response = co_await self->client_.call(ctx, std::move(request));
  if (!response) co_return std::unexpected(response.error());
  if (response->headers.find("X-Deadline-Expired")) {
    co_return std::unexpected(make_error_code(leash::errc::deadline_exceeded));
  }
  if (response->status / 100 != 2) co_return std::unexpected(std::make_error_code(std::errc::bad_message));
  co_return leash::Result<>();
}

}  // namespace server
