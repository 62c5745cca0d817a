// SPDX-License-Identifier: BSL-1.0
#pragma once
// How a command begins, speaks and ends.
//
// Guarantees     what goes wrong is one line on standard error that begins with the program's name.
// Threads        any; standard output and standard error are the process's.
//
//   int main(int argc, char** argv) {
//     return cli::run([&] { return work(argc, argv); }, 1);   // 1: the status when an exception ends it
//   }

#include <functional>
#include <string>
#include <string_view>

#include "leash/loop.hpp"

namespace cli {

// The statuses that mean the same for each command.
enum Status : int { success = 0, usage = 2 };

// What is to be said in place of doing something.
struct Message {
  std::string text;
  int exit_status =
      success;  // success: help or version, for standard output; else one line for standard error
};

// The status to exit with; `unprintable`, if standard output cannot be written.
int show(const Message& message, int unprintable = usage);

// To standard output, at once; false if that is not possible.
bool print(std::string_view text);

// The same for text that a peer has supplied: on a terminal without control characters.
bool print_foreign(std::string_view text);

// One line to standard error.
void complain(std::string_view line);

// `work` with SIGPIPE ignored; an exception that leaves it is said, and its status is then `failed`.
int run(const std::function<int()>& work, int failed);

// Says what exceptions tasks end with.
leash::LoopOptions loop_options();

}  // namespace cli
