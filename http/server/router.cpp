// SPDX-License-Identifier: BSL-1.0
#include "http/server/router.hpp"

#include <algorithm>

#include "http/message/detail/ascii.hpp"
#include "http/message/json_writer.hpp"
#include "http/message/problem.hpp"

namespace http::server {
namespace {

// The value of the field Allow for these methods.
std::string allowed(std::vector<Method> methods) {
  std::ranges::sort(methods);
  const auto [unique_end, end] = std::ranges::unique(methods);
  methods.erase(unique_end, end);
  std::string text;
  for (const Method method : methods) {
    text.append(to_string(method)).append(method == Method::get ? ", HEAD, " : ", ");
  }
  return text + "OPTIONS";
}

std::string index_of(const std::vector<Route>& routes) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("routes").begin_array();
  for (const Route& route : routes) {
    const std::string what = std::string(to_string(route.method)) + " " + route.path + route.parameters;
    json.begin_object().member("route", what).member("what", route.summary).end_object();
  }
  json.end_array().end_object();
  return text + "\n";
}

}  // namespace

Router::Router(std::vector<Route> routes, Guard guard)
    : routes_(std::move(routes)), guard_(std::move(guard)), index_(index_of(routes_)) {
  std::vector<std::vector<Method>> methods;  // by label
  std::vector<Method> any;
  for (const Route& route : routes_) {
    const auto at = std::ranges::find(labels_, route.path);
    label_of_route_.push_back(static_cast<std::size_t>(at - labels_.begin()));
    if (at == labels_.end()) {
      labels_.push_back(route.path);
      methods.emplace_back();
    }
    methods[label_of_route_.back()].push_back(route.method);
    any.push_back(route.method);
  }
  labels_.emplace_back("other");
  methods.push_back(std::move(any));
  for (const std::vector<Method>& each : methods) allow_.push_back(allowed(each));
}

namespace {

bool is_unreserved(char c) noexcept {
  return detail::is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// Decodes characters that need no encoding. Others, such as a slash or a percent sign, stay encoded.
std::string normal(std::string_view path) {
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%' && i + 2 < path.size()) {
      const int high = detail::hex_digit(path[i + 1]);
      const int low = detail::hex_digit(path[i + 2]);
      const bool encoded = high >= 0 && low >= 0;
      if (encoded && is_unreserved(static_cast<char>(high * 16 + low))) {
        c = static_cast<char>(high * 16 + low);
        i += 2;
      }
    }
    text += c;
  }
  return text;
}

}  // namespace

std::expected<Router::Found, Router::Refusal> Router::find(const Request& request) const {
  if (guard_) {
    if (auto refused = guard_(request)) {
      return std::unexpected(Refusal{other(), std::move(*refused), "unauthorized"});
    }
  }
  const bool asks_for_options = request.method == Method::options;
  const Method wanted = request.method == Method::head ? Method::get : request.method;
  const std::string normalized = request.path.contains('%') ? normal(request.path) : std::string();
  const std::string_view path = normalized.empty() ? request.path : normalized;
  std::size_t label = asks_for_options && request.path == "*" ? other() : labels_.size();
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (routes_[i].path != path) continue;
    label = label_of_route_[i];
    if (routes_[i].method == wanted) return Found{&routes_[i], label};
  }
  if (label == labels_.size()) {
    return std::unexpected(Refusal{other(), problem(404, "This path does not exist; GET / lists the paths."),
                                   "there is no such route"});
  }
  Response response{.status = 204};
  if (!asks_for_options) {
    response = problem(405, "This path does not allow this method; the header Allow lists the allowed ones.");
  }
  response.headers.add("Allow", allow_[label]);
  return std::unexpected(
      Refusal{label, std::move(response), asks_for_options ? "finished" : "it does not allow the method"});
}

}  // namespace http::server
