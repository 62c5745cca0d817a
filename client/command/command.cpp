// SPDX-License-Identifier: BSL-1.0
#include "client/command/command.hpp"

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "leash/error.hpp"
#include "units/duration.hpp"

namespace client {
namespace {

constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;

}  // namespace

Exit exit_status_of(const std::error_code& error) noexcept {
  return error == leash::errc::deadline_exceeded ? Exit::timeout : Exit::connection_failure;
}

std::string explain(const std::error_code& error, leash::Duration allowed) {
  if (error == leash::errc::deadline_exceeded) return "no answer within " + units::format_duration(allowed);
  return error.message();
}

int complain(int status, const std::string& line) {
  cli::complain(line);
  return status;
}

bool print_json(const nlohmann::ordered_json& value) {
  return cli::print(value.dump(2, ' ', false, replace) + "\n");
}
bool print_json_line(const nlohmann::ordered_json& value) {
  return cli::print(value.dump(-1, ' ', false, replace) + "\n");
}

int output_failed() {
  if (errno != EPIPE) cli::complain_unwritable();  // not for `leash-client tasks | head -1`
  return Exit::output_failure;
}

}  // namespace client
