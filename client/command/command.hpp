// SPDX-License-Identifier: BSL-1.0
#pragma once
// The commands of leash-client, and what they have in common.
//
// Guarantees     a command returns its exit status. What was asked for goes to standard output; one line about
//                what went wrong, to standard error. With --json what is there is JSON, also about a call
//                that failed. Told to stop, it returns soon.
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
  leak = 3,  // with --fail
  timeout = 4,
  output_failure = 5,  // standard output cannot be written
  http_error = 22,     // a status of 400 or above, or the answer of something else than a leash-server
};

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, GetCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, ModeCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, TasksCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, PageCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, ReapCommand command);
leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, PsCommand command);  // never waits

Exit exit_status_of(const std::error_code& error) noexcept;
// One line about a call that failed and was allowed to take so long.
std::string explain(const std::error_code& error, leash::Duration allowed);

// To standard error; returns the status.
int complain(int status, const std::string& line);
bool print_json(const nlohmann::ordered_json& value);       // indented
bool print_json_line(const nlohmann::ordered_json& value);  // on one line
// The exit status of a command that could not print, with one line; without it when the reader of the output has gone.
int output_failed();

}  // namespace client
