// SPDX-License-Identifier: BSL-1.0
// leash-client mode and reap

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/text.hpp"
#include "client/command/admin.hpp"
#include "client/command/command.hpp"
#include "http/message/json.hpp"
#include "units/number.hpp"

namespace client {
namespace {

using Json = nlohmann::ordered_json;

// "ended 3 tasks", and one line for each thing that has not been reaped.
std::string reaping(const Json& answer) {
  const auto waiting = answer.value("waiting", std::uint64_t{0});
  std::string text =
      fmt::format("ended {}\n", units::counted(answer.value("ended", std::uint64_t{0}), "task"));
  if (waiting > 0) {
    text += fmt::format("{} {} when the current operation, which cannot be canceled, has returned\n",
                        units::counted(waiting, "task"), waiting == 1 ? "ends" : "end");
  }
  for (const Json& loop : answer.value("unresponsive", Json::array())) {
    const std::string name = loop.is_string() ? loop.get<std::string>() : loop.dump();
    text += fmt::format("not reaped: the tasks of {}, which does not respond\n",
                        cli::without_control_characters(name));
  }
  return text;
}

bool is_reaping(const Json& answer) {
  const auto ended = answer.is_object() ? answer.find("ended") : answer.end();
  const auto waiting = answer.is_object() ? answer.find("waiting") : answer.end();
  return answer.is_object() && ended != answer.end() && ended->is_number_unsigned() &&
         (waiting == answer.end() || waiting->is_number_unsigned());
}

}  // namespace

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, ModeCommand command) {
  std::string body;
  if (!command.change_to.empty()) body = fmt::format(R"({{"mode":"{}"}})", command.change_to);
  Admin admin(loop, command.admin);
  auto text = co_await admin.ask(ctx, body.empty() ? "GET" : "PUT", "/mode", body);
  if (!text) co_return complain(text.error(), command.admin);
  const Json answer = http::parse_json(*text);
  const auto mode = answer.is_object() ? answer.find("mode") : answer.end();
  if (!answer.is_object() || mode == answer.end() || !mode->is_string()) {
    co_return complain(not_understood(command.admin, "the response is not the mode of a leash-server"),
                       command.admin);
  }
  const bool printed = command.admin.json
                           ? print_json(answer)
                           : cli::print(cli::without_control_characters(mode->get<std::string>()) + "\n");
  co_return printed ? Exit::success : output_failed();
}

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, ReapCommand command) {
  Admin admin(loop, command.admin);
  auto text = co_await admin.ask(ctx, "POST", "/debug/reap" + to_query(command.filter));
  if (!text) co_return complain(text.error(), command.admin);
  const Json answer = http::parse_json(*text);
  if (!is_reaping(answer)) {
    co_return complain(
        not_understood(command.admin, "the response is not that of an inspector's POST /debug/reap"),
        command.admin);
  }
  const bool printed = command.admin.json ? print_json(answer) : cli::print(reaping(answer));
  co_return printed ? Exit::success : output_failed();
}

}  // namespace client
