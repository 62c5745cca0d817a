// leash-client: the command.

#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "client/client.hpp"
#include "client/error.hpp"
#include "client/options.hpp"
#include "client/task_table.hpp"
#include "client/terminal.hpp"
#include "http/duration.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace {

using namespace std::chrono_literals;

enum Exit : int { success = 0, connection_failure = 1, usage = 2, timeout = 4, http_error = 22 };

constexpr leash::Duration admin_timeout = 5s;

int fail(int status, const std::string& line) {
  std::fprintf(stderr, "leash-client: %s\n", line.c_str());
  return status;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

bool is_timeout(const std::error_code& error) { return error == leash::errc::deadline_exceeded; }

// One line about a call that failed.
std::string explain(const std::error_code& error, const std::string& address, leash::Duration allowed) {
  if (is_timeout(error)) return address + ": no answer within " + http::format_duration(allowed);
  return address + ": " + error.message();
}

std::string address_of(const http::Url& url) { return "http://" + url.authority() + url.target; }

// --- get -------------------------------------------------------------------------------------------------

leash::Task<> leave_after(leash::Scope& call, leash::Duration after, bool& left) {
  const auto slept = co_await leash::sleep(call.ctx(), after);
  if (!slept) co_return;
  left = true;
  call.cancel();
}

using Json = nlohmann::ordered_json;

void print_json(const Json& value) {
  print(value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Json to_json(const client::Response& response) {
  Json headers = Json::object();
  for (const auto& [name, value] : response.headers) {
    Json& field = headers[name];
    field = field.is_null() ? value : field.get<std::string>() + ", " + value;
  }
  Json all;
  all["status"] = response.status;
  all["reason"] = response.reason;
  all["headers"] = std::move(headers);
  all["body"] = response.body;
  return all;
}

void print_head(const client::Response& response) {
  print("HTTP/1.1 " + std::to_string(response.status) + " " + response.reason + "\n");
  for (const auto& [name, value] : response.headers) print(name + ": " + value + "\n");
}

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, client::GetCommand command) {
  client::Client http(loop);
  client::Request request(command.url, command.method);
  request.headers = command.headers;
  request.body = command.body;
  request.timeout = command.timeout;

  bool left = false;
  leash::Scope call(ctx);
  if (command.abort_after) call.go(leave_after(call, *command.abort_after, left), "leave");
  const leash::TimePoint start = loop.now();
  auto response = co_await http.call(call.ctx(), std::move(request));
  const std::chrono::duration<double, std::milli> elapsed = loop.now() - start;
  call.cancel();
  (void)co_await call.join();

  const bool aborted = !response && left;
  if (command.json) {
    Json result;
    result["url"] = command.address;
    if (response) {
      result.update(to_json(*response));
    } else {
      result["aborted"] = aborted;
      result["error"] = aborted ? Json() : Json(response.error().message());
    }
    result["elapsed_ms"] = elapsed.count();
    print_json(result);
  }
  if (aborted) {
    std::fprintf(stderr, "leash-client: left after %s, as told\n",
                 http::format_duration(*command.abort_after).c_str());
    co_return success;
  }
  if (!response) {
    const int status = is_timeout(response.error()) ? timeout : connection_failure;
    co_return fail(status, explain(response.error(), command.address, command.timeout));
  }
  if (!command.json && command.method == "HEAD") print_head(*response);
  if (!command.json) print(response->body);
  if (command.fail && response->status >= 400) {
    std::fflush(stdout);
    co_return fail(http_error,
                   command.address + ": " + std::to_string(response->status) + " " + response->reason);
  }
  co_return success;
}

// --- the admin listener ------------------------------------------------------------------------------------

// A response of 2xx, or the exit status after one line about what went wrong.
leash::Task<std::expected<client::Response, int>> ask_admin(leash::Context ctx, leash::Loop& loop,
                                                            client::Admin admin, std::string method,
                                                            std::string path, std::string body) {
  client::Options options;
  options.response.body_bytes = std::uint64_t{64} * 1024 * 1024;
  client::Client http(loop, options);
  client::Request request(admin.url, method);
  request.url.target += path;
  request.body = std::move(body);
  request.timeout = admin_timeout;
  if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
  if (!admin.token.empty()) request.headers.add("Authorization", "Bearer " + admin.token);
  const std::string address = address_of(request.url);

  auto response = co_await http.call(ctx, std::move(request));
  if (!response) {
    const int status = is_timeout(response.error()) ? timeout : connection_failure;
    co_return std::unexpected(
        ctx.is_done() ? status : fail(status, explain(response.error(), address, admin_timeout)));
  }
  if (response->status / 100 != 2) {
    co_return std::unexpected(
        fail(http_error, address + ": " + std::to_string(response->status) + " " + response->reason));
  }
  co_return std::move(*response);
}

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, client::ModeCommand command) {
  std::string body;
  if (!command.change_to.empty()) body = R"({"mode":")" + command.change_to + "\"}";
  const char* method = body.empty() ? "GET" : "PUT";
  auto response = co_await ask_admin(ctx, loop, command.admin, method, "/mode", body);
  if (!response) co_return response.error();
  const auto answer = nlohmann::json::parse(response->body, nullptr, false);
  const auto found = answer.is_object() ? answer.find("mode") : answer.end();
  if (!answer.is_object() || found == answer.end() || !found->is_string()) {
    co_return fail(http_error, "the answer does not tell the mode of a leash server");
  }
  print(found->get<std::string>() + "\n");
  co_return success;
}

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, client::TasksCommand command) {
  auto response = co_await ask_admin(ctx, loop, command.admin, "GET", "/debug/tasks?format=json", "");
  if (!response) co_return response.error();
  const client::Terminal screen = client::terminal(STDOUT_FILENO);
  client::TableStyle style;
  style.width = screen.width;
  style.color = screen.color;
  const auto table = client::task_table(response->body, style);
  if (!table) co_return fail(http_error, table.error());
  print(*table);
  co_return success;
}

// --- all of them -------------------------------------------------------------------------------------------

leash::Task<> stop_on_signal(leash::Scope& all, asio::signal_set& signals, int& status) {
  const auto number = co_await signals.async_wait(leash::via(all.ctx()));
  if (!number) co_return;
  status = 128 + *number;
  all.cancel();
}

leash::Task<> run_until_done(leash::Scope& all, leash::Task<int> work, int& status) {
  status = co_await std::move(work);
  all.cancel();
}

leash::Task<> run(leash::Loop& loop, client::Command command, int& status) {
  asio::signal_set signals(loop.io(), SIGINT, SIGTERM);
  int signalled = 0;
  leash::Scope all(loop.background());
  leash::Task<int> work =
      std::visit([&](auto& chosen) { return execute(all.ctx(), loop, std::move(chosen)); }, command);
  all.go(stop_on_signal(all, signals, signalled), "signals");
  all.go(run_until_done(all, std::move(work), status), "command");
  (void)co_await all.join();
  if (signalled != 0) status = signalled;
}

}  // namespace

int main(int argc, char** argv) {
  auto command = client::parse_command_line(argc, argv);
  if (!command) {
    const client::Message& message = command.error();
    if (message.exit_status != 0) return fail(message.exit_status, message.text);
    print(message.text);
    return success;
  }
  std::signal(SIGPIPE, SIG_IGN);
  int status = success;
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::go(loop.background(), run(loop, std::move(*command), status), "leash-client");
  if (const auto ran = loop.run(); !ran) return fail(connection_failure, ran.error().message());
  return std::fflush(stdout) == 0 ? status : fail(connection_failure, "standard output: cannot be written");
}
