// SPDX-License-Identifier: BSL-1.0
#pragma once
// Parses command lines and describes each error in one line.
//
// Threads        any.
//
//   CLI::App app("Does this and that.", "leash-load");
//   app.add_option("--timeout", text, "for each request")->check(cli::duration_check(1ns));
//   if (auto message = cli::parse(app, argc, argv)) return cli::show(*message);

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/program.hpp"
#include "leash/clock.hpp"

namespace cli {

// Returns nothing on success; else the help, the version, or one line that describes the error.
std::optional<Message> parse(CLI::App& app, int argc, const char* const* argv);

// A validator. `what_is_wrong` returns the error without the name of the option, or an empty text if there is none.
CLI::Validator check(std::function<std::string(const std::string&)> what_is_wrong);
CLI::Validator duration_check(std::chrono::nanoseconds least,
                              std::chrono::nanoseconds most = std::chrono::hours(24 * 365));
CLI::Validator size_check();
CLI::Validator count_check(std::uint64_t least, std::uint64_t most);
CLI::Validator choice_check(std::vector<std::string> choices);

// Converts a text that a check above has accepted.
leash::Duration duration_of(const std::string& checked);
std::optional<leash::Duration> maybe_duration_of(const std::string& checked);

}  // namespace cli
