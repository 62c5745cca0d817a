// SPDX-License-Identifier: BSL-1.0
#pragma once
// The routes of the public listener: /demo, /backend, /echo, /healthz, /readyz and the index.
//
// Requires       workers that keep a PatternState, and a service whose requests are labeled by mode.
//
//   http::server::Service service(server::public_routes(shared), options.serving);

#include <atomic>
#include <vector>

#include "http/server/router.hpp"
#include "server/options.hpp"

namespace server {

// What the handlers of all loops share.
struct Shared {
  explicit Shared(const Options& o) : options(o) {}
  const Options options;
  std::atomic<bool> leak_limit_reached{false};  // sampled a few times a second
};

std::vector<http::server::Route> public_routes(const Shared& shared);

}  // namespace server
