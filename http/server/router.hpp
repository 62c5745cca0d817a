// SPDX-License-Identifier: BSL-1.0
#pragma once
// Finds the route of a request, or the response if there is none.
//
// Guarantees     an unknown path is 404; a method that the path does not allow is 405 with Allow (RFC 9110
//                section 15.5.6); HEAD is allowed wherever GET is; OPTIONS is answered with Allow, also for "*", the
//                server itself. A path matches also where letters, digits and -._~ in it are percent-encoded (RFC 9110
//                section 4.2.3). A request refused by the guard learns nothing about the routes.
// Threads        constant after its construction: any.
//
//   http::server::Router router({{http::Method::get, "/healthz", "", "alive", healthz}});
//   const auto found = router.find(request);
//   if (!found) respond(found.error().response);

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message/message.hpp"
#include "http/server/exchange.hpp"

namespace http::server {

// The handler of a route: it returns at once, or is a task under the request's context.
using AtOnce = std::function<Response(Exchange&)>;
using AsTask = std::function<leash::Task<leash::Result<MaybeResponse>>(Exchange&)>;

// Several routes with different methods may share a path.
struct Route {
  Method method = Method::get;
  std::string path;        // "/demo", also the label `route` of its metrics
  std::string parameters;  // "?pattern=&mode=", for the index
  std::string summary;     // one line, for the index
  std::variant<AtOnce, AsTask> handler;
};

class Router {
 public:
  using Guard = std::function<std::optional<Response>(const Request&)>;

  // Without a guard all requests are accepted.
  explicit Router(std::vector<Route> routes, Guard guard = {});

  // Metrics label requests by path; the last label stands for all unknown paths.
  const std::vector<std::string>& labels() const noexcept { return labels_; }
  std::size_t other() const noexcept { return labels_.size() - 1; }

  struct Found {
    const Route* route;
    std::size_t label;
  };
  struct Refusal {
    std::size_t label;
    Response response;
    std::string_view cause;  // for the log
  };
  std::expected<Found, Refusal> find(const Request& request) const;

  // The routes and their summaries, as JSON.
  const std::string& index() const noexcept { return index_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::size_t> label_of_route_;
  std::vector<std::string> labels_;
  std::vector<std::string> allow_;  // by label; the last one is for the server itself
  Guard guard_;
  std::string index_;
};

}  // namespace http::server
