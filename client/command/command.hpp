// SPDX-License-Identifier: BSL-1.0
#pragma once
// The commands of leash-client, and what they share.
//
// Guarantees     a command returns its exit status. The result goes to standard output, and one line for each error to
//                standard error. With --json all output is JSON, also for a call that failed. A command whose context
//                is done returns soon.
// Threads        the loop's.
//
//   int status = co_await client::execute(ctx, loop, std::move(get_command));

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <system_error>

#include "cli/program.hpp"
#include "client/command/options.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace client {

enum Exit : int {
  success = 0,
  connection_failure = 1,  // no connection, or no (complete, acceptable) response
  usage = 2,
  leak = 3,  // there is a leak (--fail)
  timeout = 4,
  output_failure = 5,  // standard output cannot be written
  http_error = 22,     // a status of 400 or above, or the peer is not a leash server
};

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, GetCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, ModeCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, TasksCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, PageCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, ReapCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, PsCommand command);  // does not wait

Exit exit_status_of(const std::error_code& error) noexcept;
// One line about a call that failed; `allowed` is its timeout.
std::string explain(const std::error_code& error, leash::Duration allowed);

// Prints the line to standard error; returns the status.
int complain(int status, const std::string& line);
bool print_json(const nlohmann::ordered_json& value);       // indented
bool print_json_line(const nlohmann::ordered_json& value);  // on one line
// Reports that standard output cannot be written and returns the exit status; silent if the reader has closed the pipe.
int output_failed();

}  // namespace client
