// SPDX-License-Identifier: BSL-1.0
// The command leash-server, from its arguments to its exit status.
//
// Requires: called once, by main(), while the process has a single thread.
// Guarantees: an error is one line on standard error; everything it started has ended when it returns.
//   int main(int argc, char** argv) { return server::program(argc, argv, nullptr); }
#pragma once

#include <cstddef>

namespace server {

// Returns the exit status (README.md). `set_heap_rate` receives --heap-rate; null if the program has no leash::heap.
int program(int argc, char** argv, void (*set_heap_rate)(std::size_t));

}  // namespace server
