// SPDX-License-Identifier: BSL-1.0
#pragma once
// A signal that writes all tasks to standard error, as Go does on SIGQUIT.
//
// What it is     from the call on, the signal makes a thread of its own write a dump of every loop of the process; the
//                process goes on. With LEASH_DUMP_SIGNAL=QUIT in the environment the first Loop calls it, and no line
//                of the program changes.
// Guarantees     works while loops are stuck: what they have in memory is read through the kernel, as
//                `leash-client ps` does, and no loop is asked or waited for. A list that changes meanwhile is read
//                again; what could not be read is said. The handler itself only wakes the thread.
// Threads        any.
// Lifetime       until the process ends, or replaces the handler. Not inherited by a fork: call it again there.
//
//   if (auto set = leash::dump_on_signal(SIGQUIT); !set) std::cerr << set.error().message();

#include <string>

#include "leash/error.hpp"

namespace leash {

/// An error: the system allows no handler for this signal, or no thread.
Result<> dump_on_signal(int signal);

/// What the signal writes. Any thread.
std::string dump_of_process();

namespace detail {
/// "QUIT", "SIGQUIT" or a number, as LEASH_DUMP_SIGNAL has it; what is wrong goes to standard error.
void dump_on_signal_named(const char* name);
/// Does what LEASH_DUMP_SIGNAL says, once.
void dump_on_signal_of_environment();
}  // namespace detail

}  // namespace leash
