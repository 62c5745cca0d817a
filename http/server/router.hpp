// SPDX-License-Identifier: BSL-1.0
#pragma once
// Finds the route of a request, or the answer when there is none.
//
// Guarantees     an unknown path is 404; a method that the path does not allow is 405 with Allow (RFC 9110
//                section 15.5.6); HEAD is allowed wherever GET is; OPTIONS is answered with Allow, also for "*", the
//                server itself. What the guard refuses learns nothing of the routes.
// Threads        constant after its construction: any.
//
//   const auto found = router.find(request);
//   if (!found) respond(found.error());

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message/message.hpp"
#include "http/server/exchange.hpp"

namespace server {

class Router {
 public:
  using Guard = std::function<std::optional<http::Response>(const http::Request&)>;

  // Without a guard nothing is refused.
  explicit Router(std::vector<Route> routes, Guard guard = {});

  struct Refusal {
    RouteLabel label;
    http::Response response;
    std::string_view cause;  // for the log
  };
  std::expected<const Route*, Refusal> find(const http::Request& request) const;

 private:
  std::vector<Route> routes_;
  Guard guard_;
  std::string allowed_anywhere_;
};

}  // namespace server
