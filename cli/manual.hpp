// SPDX-License-Identifier: BSL-1.0
#pragma once
// Manual pages and completion for bash, from the same description as --help.
//
// Threads        any.
//
//   std::cout << cli::man_page(app);          // for man, section 1
//   std::cout << cli::bash_completion(app);   // for bash to source

#include <CLI/CLI.hpp>
#include <string>

namespace cli {

std::string man_page(const CLI::App& app);
std::string bash_completion(const CLI::App& app);

}  // namespace cli
