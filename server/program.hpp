// SPDX-License-Identifier: BSL-1.0
// The command leash-server, from its arguments to its exit status.
//
// Requires: to be called once, by main(), while there is no second thread.
// Guarantees: what is wrong is said in one line on standard error; all that it started has ended when it returns.
//   int main(int argc, char** argv) { return server::program(argc, argv, nullptr); }
#pragma once

#include <cstddef>

namespace server {

// Returns the status to exit with (README.md). `set_heap_rate` is told --heap-rate; null: the program has no leash::heap.
int program(int argc, char** argv, void (*set_heap_rate)(std::size_t));

}  // namespace server
