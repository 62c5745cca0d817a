// SPDX-License-Identifier: BSL-1.0
#pragma once
// The routes of the public listener: /demo, /backend, /echo, /healthz, /readyz and the index.
//
//   const server::Router router(server::public_routes(shared));

#include <vector>

#include "http/server/exchange.hpp"
#include "http/server/shared.hpp"

namespace server {

std::vector<Route> public_routes(Shared& shared);

// A response with this JSON text as its body.
http::Response json_response(int status, std::string text);

}  // namespace server
