// SPDX-License-Identifier: BSL-1.0
#include "http/message/problem.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace http {
namespace {

// An object of nlohmann's takes memory to be destroyed, and without it ends the process: this is also the answer where
// memory is short.
std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Response problem(int status, std::string_view detail, std::string_view cause) {
  Response response{.status = status};
  response.headers.add("Content-Type", "application/problem+json");
  response.body = "{\"type\":\"about:blank\",\"title\":" + quoted(reason_phrase(status)) +
                  ",\"status\":" + std::to_string(status) + ",\"detail\":" + quoted(detail);
  if (!cause.empty()) response.body += ",\"cause\":" + quoted(cause);
  response.body += "}\n";
  return response;
}

}  // namespace http
