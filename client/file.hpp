// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads a file named on the command line: a request body, a list of targets or a report.
//
// Threads        any; there is no state.
//
//   auto body = client::read_file("body.json");
//   if (!body) return fail(body.error());   // "cannot read body.json: No such file or directory"

#include <expected>
#include <string>

namespace client {

// Returns all bytes of the file, or one sentence that says why it cannot be read.
std::expected<std::string, std::string> read_file(const std::string& path);

}  // namespace client
