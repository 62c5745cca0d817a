// SPDX-License-Identifier: BSL-1.0
#pragma once
// The native stack of another thread of this process, whatever that thread does.
//
// What it is     the thread is sent a signal, whose handler takes the stack. A system call that it is in may end with EINTR,
//                or goes on (SA_RESTART).
// Requires       a signal that the program does not use: one that has a handler of the program's is refused.
// Guarantees     waits a tenth of a second at most, for a thread that blocks the signal or is gone. The handler stays: a
//                signal that comes late does nothing.
// Errors         one line.
// Threads        any; one stack at a time.
//
//   if (const auto stack = process::stack_of_thread(thread, SIGURG)) {
//     for (const std::string& frame : *stack) std::cerr << frame << "\n";  // innermost first
//   }

#include <sys/types.h>

#include <expected>
#include <string>
#include <vector>

namespace process {

// A frame is "function+0x12", or "service+0x1234" where no symbol is exported: addr2line -e service 0x1234 knows more.
std::expected<std::vector<std::string>, std::string> stack_of_thread(pid_t thread, int signal);

}  // namespace process
