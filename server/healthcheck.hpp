// SPDX-License-Identifier: BSL-1.0
#pragma once
// Asks a running server how it is: for containers that have no other program to do that.
//
//   return server::healthcheck(options);  // leash-server healthcheck

#include "server/options.hpp"

namespace server {

// Asks /healthz of the public listener that these options describe, for 2 s at most. One line on standard output
// says so, and the status is 0, when it answers 200; otherwise one on standard error, and 1.
int healthcheck(const Options& options);

}  // namespace server
