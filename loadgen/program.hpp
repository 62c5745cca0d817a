// SPDX-License-Identifier: BSL-1.0
// The command leash-load, from its arguments to its exit status.
//
// Requires: to be called once, by main(), while there is no second thread.
// Guarantees: what is wrong is said in one line on standard error; all that it started has ended when it returns.
//   int main(int argc, char** argv) { return loadgen::program(argc, argv); }
#pragma once

namespace loadgen {

// Returns the status to exit with (README.md).
int program(int argc, char** argv);

}  // namespace loadgen
