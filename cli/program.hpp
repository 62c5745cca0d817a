// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the commands share: output, error messages and exit statuses.
//
// Guarantees     each error is one line on standard error that begins with the program's name.
// Threads        any; standard output and standard error are the process's.
//
//   int main(int argc, char** argv) {
//     cli::prepare_standard_streams();
//     return cli::run([&] { return work(argc, argv); }, 1);   // 1: the exit status after an exception
//   }

#include <functional>
#include <string>
#include <string_view>

#include "leash/loop.hpp"

namespace cli {

// Exit statuses that have the same meaning in each command.
enum Status : int { success = 0, usage = 2 };

// A text to print instead of running the command.
struct Message {
  std::string text;
  int exit_status =
      success;  // success: help or version, printed to standard output; else one line for standard error
};

// Prints the message and returns the exit status; `unprintable` if standard output cannot be written.
int show(const Message& message, int unprintable = usage);

// Prints to standard output and flushes it; false if it cannot be written, and errno says why.
bool print(std::string_view text);

// The same for text from a peer: on a terminal, control characters are replaced.
bool print_foreign(std::string_view text);

// Prints one line to standard error.
void complain(std::string_view line);

// Complains that this cannot be written, with the reason in errno: "cannot write a.json: No space left on device".
void complain_unwritable(std::string_view what = "standard output");

// To be called first. Opens /dev/null where a standard descriptor is closed, so that no socket takes its number and is sent
// the output; standard output then cannot be written, which the command reports. Ignores SIGPIPE, so that it also reports
// a reader that has ended.
void prepare_standard_streams();

// Runs `work`. An exception that escapes it is printed, and the result is then `failed`.
int run(const std::function<int()>& work, int failed);

// Options of a loop that prints each exception which escapes a task.
leash::LoopOptions loop_options();

}  // namespace cli
