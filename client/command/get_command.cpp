// SPDX-License-Identifier: BSL-1.0
// leash-client get

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "client/client.hpp"
#include "client/command/command.hpp"
#include "client/error.hpp"
#include "http/message/detail/ascii.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "units/duration.hpp"
#include "units/size.hpp"

namespace client {
namespace {

using Json = nlohmann::ordered_json;

leash::Task<> leave_after(leash::Scope& call, leash::Duration after, bool& left) {
  const auto slept = co_await leash::sleep(call.ctx(), after);
  if (!slept) co_return;
  left = true;
  call.cancel();
}

Json to_json(const Response& response) {
  Json headers = Json::object();
  for (const auto& [name, value] : response.headers) {
    // Names are compared without case. Values of a repeated field become a list, except Set-Cookie (RFC 9110 section 5.3).
    const auto is_same = [&](const auto& item) { return http::detail::iequals(item.key(), name); };
    const auto items = headers.items();
    const auto known = std::find_if(items.begin(), items.end(), is_same);
    if (http::detail::iequals(name, "Set-Cookie")) {
      (known == items.end() ? headers[name] = Json::array() : known.value()).push_back(value);
    } else if (known == items.end()) {
      headers[name] = value;
    } else {
      known.value() = known.value().get<std::string>() + ", " + value;
    }
  }
  Json all;
  all["status"] = response.status;
  all["reason"] = response.reason;
  all["headers"] = std::move(headers);
  all["body"] = response.body;
  return all;
}

std::string head_of(const Response& response) {
  std::string text = fmt::format("HTTP/1.1 {} {}\n", response.status, response.reason);
  for (const auto& [name, value] : response.headers) text += fmt::format("{}: {}\n", name, value);
  return text;
}

std::string text_of(const GetCommand& command, const Response& response) {
  std::string text;
  if (command.include_head || command.message.method == "HEAD") text = head_of(response);
  if (command.include_head && command.message.method != "HEAD") text += "\n";
  return text + response.body;
}

}  // namespace

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, GetCommand command) {
  Options options;
  options.response.body_bytes = command.most_bytes;
  if (command.url.tls) {
    auto tls = TlsContext::make(command.tls);
    if (!tls) co_return complain(Exit::usage, tls.error());
    options.tls = *std::move(tls);
  }
  options.unix_socket = command.unix_socket;
  options.user_agent = "leash-client";
  Client http(loop, options);
  Request request(command.url, command.message.method);
  request.headers = command.message.headers;
  request.headers.add("Host", command.message.host);
  request.body = std::move(command.message.body);
  request.timeout = command.timeout;

  bool left = false;
  leash::Scope call(ctx);
  if (command.abort_after) call.go(leave_after(call, *command.abort_after, left), "leave");
  const leash::TimePoint start = loop.now();
  auto response = co_await http.call(call.ctx(), std::move(request));
  const std::chrono::duration<double, std::milli> elapsed = loop.now() - start;
  call.cancel();
  (void)co_await call.join();

  if (!response && ctx.is_done())
    co_return Exit::connection_failure;  // interrupted: main() sets the exit status
  const bool aborted = !response && left;
  std::string error;
  if (!response && !aborted) error = explain(response.error(), command.timeout);
  if (!response && response.error() == errc::too_large && error.contains("body"))
    error += fmt::format(" (--max-body {})", units::format_size(command.most_bytes));
  bool printed = true;
  if (command.json) {
    Json result;
    result["url"] = command.address;
    if (response) result.update(to_json(*response));
    if (aborted) result["aborted"] = true;
    if (!error.empty()) result["error"] = error;
    result["elapsed_ms"] = elapsed.count();
    printed = print_json(result);
  } else if (response) {
    printed = cli::print_foreign(text_of(command, *response));
  }
  if (!printed) co_return output_failed();
  if (aborted) {
    co_return complain(Exit::success, fmt::format("aborted after {} (--abort-after)",
                                                  units::format_duration(*command.abort_after)));
  }
  if (!response)
    co_return complain(exit_status_of(response.error()), fmt::format("{}: {}", command.address, error));
  if (command.fail && response->status >= 400) {
    co_return complain(Exit::http_error,
                       fmt::format("{}: {} {}", command.address, response->status, response->reason));
  }
  co_return Exit::success;
}

}  // namespace client
