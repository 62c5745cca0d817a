// SPDX-License-Identifier: BSL-1.0
#pragma once
// The routes of the public listener: /demo, /backend, /echo, /healthz, /readyz and the index.
//
// Requires       workers that keep a PatternState, and a service whose request metrics are labeled by mode.
//
//   http::server::Service service(server::public_routes(shared), options.serving);

#include <vector>

#include "http/server/router.hpp"
#include "server/memory_watch.hpp"
#include "server/options.hpp"

namespace server {

// State that the handlers of all loops share.
struct Shared {
  explicit Shared(const Options& o) : options(o), memory(o.memory_budget, o.leak_limit) {}
  const Options options;
  mutable MemoryWatch memory;
};

std::vector<http::server::Route> public_routes(const Shared& shared);

}  // namespace server
