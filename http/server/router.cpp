// SPDX-License-Identifier: BSL-1.0
#include "http/server/router.hpp"

#include <algorithm>

#include "http/message/problem.hpp"

namespace server {

namespace {

std::string allowed(const std::vector<http::Method>& methods) {
  std::string text;
  for (const http::Method method : methods) {
    text += std::string(http::to_string(method)) + ", ";
    if (method == http::Method::get) text += "HEAD, ";
  }
  return text + "OPTIONS";
}

}  // namespace

Router::Router(std::vector<Route> routes, Guard guard)
    : routes_(std::move(routes)), guard_(std::move(guard)) {
  std::vector<http::Method> all;
  for (const Route& route : routes_) all.insert(all.end(), route.methods.begin(), route.methods.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  allowed_anywhere_ = allowed(all);
}

std::expected<const Route*, Router::Refusal> Router::find(const http::Request& request) const {
  if (guard_) {
    if (auto refused = guard_(request))
      return std::unexpected(Refusal{RouteLabel::other, std::move(*refused), "it may not ask"});
  }
  if (request.path == "*" && request.method == http::Method::options) {
    http::Response response{.status = 204};
    response.headers.add("Allow", allowed_anywhere_);
    return std::unexpected(Refusal{RouteLabel::other, std::move(response), "finished"});
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
  response.headers.add("Allow", allowed(route->methods));
  return std::unexpected(
      Refusal{route->label, std::move(response),
              wanted == http::Method::options ? "finished" : "it does not allow the method"});
}

}  // namespace server
