#include "server/router.hpp"

#include <algorithm>

#include "http/problem.hpp"

namespace server {

std::string Router::allowed(const Route& route) {
  std::string text;
  for (const http::Method method : route.methods) {
    text += std::string(http::to_string(method)) + ", ";
    if (method == http::Method::get) text += "HEAD, ";
  }
  return text + "OPTIONS";
}

std::expected<const Route*, Router::Refusal> Router::find(const http::Request& request) const {
  if (guard_) {
    if (auto refused = guard_(request))
      return std::unexpected(Refusal{RouteLabel::other, std::move(*refused), "it may not ask"});
  }
  if (request.path == "*" && request.method == http::Method::options) {
    return std::unexpected(Refusal{RouteLabel::other, {.status = 204}, "finished"});
  }
  const auto route =
      std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return r.path == request.path; });
  if (route == routes_.end()) {
    return std::unexpected(Refusal{
        RouteLabel::other, http::problem(404, "There is nothing at this path; GET / lists what there is."),
        "there is no such route"});
  }
  const http::Method wanted = request.method == http::Method::head ? http::Method::get : request.method;
  if (std::find(route->methods.begin(), route->methods.end(), wanted) != route->methods.end()) return &*route;

  http::Response response;
  if (wanted == http::Method::options) {
    response.status = 204;
  } else {
    response = http::problem(405, "This path does not allow this method; Allow lists those that it does.");
  }
  response.headers.add("Allow", allowed(*route));
  return std::unexpected(
      Refusal{route->label, std::move(response),
              wanted == http::Method::options ? "finished" : "it does not allow the method"});
}

}  // namespace server
