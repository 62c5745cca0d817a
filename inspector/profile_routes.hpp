// SPDX-License-Identifier: BSL-1.0
#pragma once
// The profile routes: /debug/pprof/tasks, and with Go's names /debug/pprof/goroutine and
// /debug/pprof/goroutineleak.
//
// Guarantees     a valid pprof profile (inspector/profile/pprof.hpp); a loop that does not answer within a second is named in
//                its comments, and the other loops are included.
// Threads        the inspector's loop's.
//
//   for (http::server::Route& route : inspector::profile_routes()) routes.push_back(std::move(route));

#include <vector>

#include "http/server/router.hpp"

namespace inspector {

std::vector<http::server::Route> profile_routes();

}  // namespace inspector
