// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the commands with --watch share.
//
// Guarantees     with --watch, a command ends if its first request fails. If a later request fails, it tries again.
// Threads        the loop's.
//
//   co_return co_await client::watch_json(ctx, admin, options, "/debug/tree?format=json", 2s);

#include <ctime>
#include <string>

#include "client/command/admin.hpp"
#include "client/command/options.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/task.hpp"

namespace client {

// Local time: "03:12:00", or "2026-11-30 03:12:00" if it is not the day of `now`.
std::string time_of_day(std::time_t at, std::time_t now);
std::string time_of_day();

// The first line of an output that is repeated: the time, and whether another process answers.
std::string heading(const std::string& another_since);

// "trying again every 2s"
std::string try_again(leash::Duration every);

// Notices that another process answers than before.
class AnsweringProcess {
 public:
  // The start of the process that answers now, "03:12:00", if another one answered at the last call; else an empty
  // text. `started` is in seconds since 1970; 0: unknown.
  std::string another_since(double started);

 private:
  double before_ = 0;
};

// Prints the JSON of this page again and again, each time on one line. Returns the exit status.
leash::Task<int> watch_json(leash::Context ctx, Admin& admin, const AdminOptions& options, std::string path,
                            leash::Duration every);

}  // namespace client
