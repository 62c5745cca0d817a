// SPDX-License-Identifier: BSL-1.0
#pragma once
// Ends a turn of the loop, so that other ready connections run first.
//
// Threads        the socket's loop's.
//
//   if (++served == most_in_a_row) co_await http::server::let_others_go_on(ctx, socket);

#include "http/transport/socket.hpp"
#include "leash/context.hpp"
#include "leash/task.hpp"

namespace http::server {

// Returns after everything that is ready now has run, or when ctx is done.
leash::Task<> let_others_go_on(leash::Context ctx, Socket& socket);

}  // namespace http::server
