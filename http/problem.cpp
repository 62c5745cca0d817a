#include "http/problem.hpp"

#include <nlohmann/json.hpp>

namespace http {

Response problem(int status, std::string_view detail, std::string_view cause) {
  nlohmann::json body = {
      {"type", "about:blank"}, {"title", reason_phrase(status)}, {"status", status}, {"detail", detail}};
  if (!cause.empty()) body["cause"] = cause;
  Response response{.status = status};
  response.headers.add("Content-Type", "application/problem+json");
  response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace http
