// SPDX-License-Identifier: BSL-1.0
#include "http/message/problem.hpp"

#include "http/message/json_writer.hpp"

namespace http {
Response problem(int status, std::string_view detail, std::string_view cause) {
  Response response{.status = status, .content_type = "application/problem+json"};
  JsonWriter json(response.body);
  json.begin_object().member("type", "about:blank").member("title", reason_phrase(status));
  json.member("status", status).member("detail", detail);
  if (!cause.empty()) json.member("cause", cause);
  json.end_object();
  response.body += '\n';
  return response;
}

}  // namespace http
