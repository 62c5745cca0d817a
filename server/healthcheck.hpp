// SPDX-License-Identifier: BSL-1.0
#pragma once
// Checks whether a running server is alive, for containers without another program for that.
//
//   return server::healthcheck(options);  // leash-server healthcheck

#include "server/options.hpp"

namespace server {

// Requests /healthz from the public listener that these options describe, for at most 2 s. Prints one line and returns
// 0 if the status is 200; otherwise prints one line to standard error and returns 1.
int healthcheck(const Options& options);

}  // namespace server
