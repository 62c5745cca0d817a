// SPDX-License-Identifier: BSL-1.0
#include "client/command/admin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "cli/text.hpp"
#include "client/command/command.hpp"
#include "client/error.hpp"
#include "http/message/detail/ascii.hpp"
#include "http/message/json.hpp"
#include "units/duration.hpp"
#include "units/number.hpp"

namespace client {
namespace {

constexpr std::uint64_t most_body_bytes = std::uint64_t{64} * 1024 * 1024;  // a dump of many thousand tasks

Options client_options(const AdminOptions& admin) {
  Options options;
  options.unix_socket = admin.unix_socket;
  options.user_agent = "leash-client";
  options.response.body_bytes = most_body_bytes;
  return options;
}

// The `detail` of a problem response (RFC 9457); empty if there is none.
std::string detail_of(const Response& response) {
  const auto problem = http::parse_json(response.body);
  const auto detail = problem.is_object() ? problem.find("detail") : problem.end();
  if (!problem.is_object() || detail == problem.end() || !detail->is_string()) return {};
  return cli::without_control_characters(detail->get<std::string>());
}

std::string what_to_do_about(const Response& response) {
  const std::string status =
      fmt::format("{} {}", response.status, cli::without_control_characters(response.reason));
  if (response.status == 401 || response.status == 403) {
    return status + ": unauthorized; pass the server's token with --admin-token";
  }
  if (response.status == 404) return status + ": --admin must be the address of an inspector";
  const std::string detail = detail_of(response);
  return detail.empty() ? status : fmt::format("{}: {}", status, detail);
}

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (http::detail::is_alphanumeric(c) || std::string_view("-._~/:").contains(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return out;
}

}  // namespace

Admin::Admin(leash::Loop& loop, const AdminOptions& options)
    : options_(options), http_(loop, client_options(options)) {}

leash::Task<std::expected<std::string, AdminFailure>> Admin::ask(leash::Context ctx, std::string method,
                                                                 std::string path, std::string body) {
  Request request(options_.url, std::move(method));
  request.url.target += path;
  request.body = std::move(body);
  request.timeout = options_.timeout;
  if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
  if (!options_.token.empty()) request.headers.add("Authorization", "Bearer " + options_.token);
  AdminFailure failure;
  failure.where = options_.address() + (options_.unix_socket.empty() ? "" : " ") + path;

  auto response = co_await http_.call(ctx, std::move(request));
  if (response) {
    process_started_.reset();
    if (const auto started = response->headers.find("X-Process-Start-Time"))
      process_started_ = std::clamp(units::parse_number(*started).value_or(0), 0.0, 1e15);
    if (response->status / 100 == 2) co_return std::move(response->body);
    failure.exit_status = Exit::http_error;
    failure.what = what_to_do_about(*response);
  } else if (!ctx.is_done()) {
    failure.exit_status = exit_status_of(response.error());
    failure.what = explain(response.error(), options_.timeout);
    if (response.error().category() != error_category() && failure.exit_status != Exit::timeout) {
      failure.next =
          "check that the server is running and that --admin (a URL or unix:PATH) is the address of its "
          "admin "
          "listener";
    }
  }
  co_return std::unexpected(std::move(failure));
}

leash::Task<std::expected<std::string, AdminFailure>> Admin::report(leash::Context ctx, std::string path) {
  auto answer = co_await ask(ctx, "GET", std::move(path));
  if (answer && !process_started_)
    co_return std::unexpected(not_understood(options_, "the response is not the report of an inspector"));
  co_return answer;
}

AdminFailure not_understood(const AdminOptions& options, std::string what) {
  AdminFailure failure;
  failure.exit_status = Exit::http_error;
  failure.what = std::move(what);
  failure.where = options.address();
  return failure;
}

int complain(const AdminFailure& failure, const AdminOptions& options) {
  if (failure.what.empty()) return failure.exit_status;
  if (options.json) (void)print_json({{"url", failure.where}, {"error", failure.what}});
  return complain(failure.exit_status, fmt::format("{}: {}{}{}", failure.where, failure.what,
                                                   failure.next.empty() ? "" : "; ", failure.next));
}

std::string to_query(const TaskFilter& filter) {
  std::string query;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    query.append(query.empty() ? "?" : "&").append(name).append("=").append(percent_encoded(value));
  };
  add("site", filter.site);
  add("name", filter.name);
  add("state", filter.state);
  if (filter.min_age) add("min_age", units::format_duration(*filter.min_age));
  if (filter.limit) add("limit", std::to_string(*filter.limit));
  return query;
}

}  // namespace client
