// SPDX-License-Identifier: BSL-1.0
#pragma once
// Asks the admin listener of a leash-server.
//
// Guarantees     an answer is of status 2xx; anything else is one line that says what to do about it, and the
//                exit status for it. One connection serves all questions.
// Threads        the loop's.
// Lifetime       destroyed before the loop, when no question is open.
//
//   client::Admin admin(loop, {.url = *http::parse_url("http://127.0.0.1:8081")});
//   auto answer = co_await admin.ask(ctx, "GET", "/mode");
//   if (!answer) co_return client::complain(answer.error(), options);

#include <expected>
#include <string>

#include "client/client.hpp"
#include "client/command/options.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace client {

struct AdminFailure {
  int exit_status = 0;
  std::string what = {};   // empty: told to stop
  std::string where = {};  // the address
};

class Admin {
 public:
  Admin(leash::Loop& loop, const AdminOptions& options);

  // The body of the response. `path` may have a query.
  leash::Task<std::expected<std::string, AdminFailure>> ask(leash::Context ctx, std::string method,
                                                            std::string path, std::string body = {});

 private:
  AdminOptions options_;
  Client http_;
};

// The status is fine, but the answer is not: something else than a leash-server listens there.
AdminFailure not_understood(const AdminOptions& options, std::string what);

// One line, and with --json an object with it; returns the status.
int complain(const AdminFailure& failure, const AdminOptions& options);

// "?site=...&limit=5", or nothing.
std::string to_query(const TaskFilter& filter);

}  // namespace client
