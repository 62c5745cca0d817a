// SPDX-License-Identifier: BSL-1.0
#pragma once
// Writes all tasks to standard error on a signal, as Go does on SIGQUIT.
//
// What it is     after the call, the signal makes a separate thread write a dump of every loop of the process; the
//                process goes on. With LEASH_DUMP_SIGNAL=QUIT in the environment the first Loop calls it, or
//                leash::inspector_auto, so that no line of the program changes.
// Guarantees     works while loops are stuck: it reads their memory through the kernel, as `leash-client ps` does, and
//                neither asks nor waits for a loop. A list that changes meanwhile is read again; the dump names what
//                could not be read. The signal handler only wakes the thread.
// Threads        any.
// Lifetime       until the process ends or replaces the handler. Not inherited by fork: call it again in the child.
//
//   if (auto set = leash::dump_on_signal(SIGQUIT); !set) std::cerr << set.error().message();

#include <string>

#include "leash/error.hpp"

namespace leash {

/// Fails if the system allows no handler for this signal, or no thread.
Result<> dump_on_signal(int signal);

/// The text that the signal writes. Any thread.
std::string dump_of_process();

namespace detail {
/// `name` is "QUIT", "SIGQUIT" or a number, as in LEASH_DUMP_SIGNAL; errors go to standard error.
void dump_on_signal_named(const char* name);
/// Applies LEASH_DUMP_SIGNAL, once per process.
void dump_on_signal_of_environment();
}  // namespace detail

}  // namespace leash
