// SPDX-License-Identifier: BSL-1.0
#pragma once
// Sends requests to the admin listener of leash-server, or to any inspector.
//
// Guarantees     a result is the body of a response with status 2xx; any other outcome is one line that says what to
//                do about it, and an exit status. All requests use one connection.
// Threads        the loop's.
// Lifetime       destroyed before the loop, when no request is in flight.
//
//   client::Admin admin(loop, {.url = *http::parse_url("http://127.0.0.1:8081")});
//   auto answer = co_await admin.ask(ctx, "GET", "/mode");
//   if (!answer) co_return client::complain(answer.error(), options);

#include <expected>
#include <optional>
#include <string>

#include "client/client.hpp"
#include "client/command/options.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace client {

struct AdminFailure {
  int exit_status = 0;
  std::string what = {};   // one line; empty: the command was interrupted
  std::string where = {};  // the address that was asked
  std::string next = {};   // what the user can do, or what the command does; may be empty
};

class Admin {
 public:
  Admin(leash::Loop& loop, const AdminOptions& options);

  // Returns the body of the response. `path` may have a query.
  leash::Task<std::expected<std::string, AdminFailure>> ask(leash::Context ctx, std::string method,
                                                            std::string path, std::string body = {});

  // The same for GET and a report: fails if the peer is not an inspector.
  leash::Task<std::expected<std::string, AdminFailure>> report(leash::Context ctx, std::string path);

  // The start of the process that answered last, in seconds since 1970; 0: unknown.
  double process_started() const noexcept { return process_started_.value_or(0); }

 private:
  AdminOptions options_;
  Client http_;
  std::optional<double> process_started_ = {};  // only reports of an inspector say it
};

// For a response with a good status that cannot be understood: the peer is not a leash server.
AdminFailure not_understood(const AdminOptions& options, std::string what);

// Prints one line, with --json an object too; returns the exit status.
int complain(const AdminFailure& failure, const AdminOptions& options);

// "?site=...&limit=5", or an empty text.
std::string to_query(const TaskFilter& filter);

}  // namespace client
