// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the examples of units, process and cli take for granted.

#include <sys/types.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

#include "any.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"

namespace given {

using namespace std::chrono_literals;

void usage(const auto&...);
int work(int, char**);

extern CLI::App app;
extern std::string text;
extern int argc;
extern char** argv;
extern pid_t thread;

}  // namespace given
