// SPDX-License-Identifier: BSL-1.0
#pragma once
// One content of the screen with --watch: a title, a summary, as many lines of the body as fit, and the keys.
//
// Guarantees     as many lines as the terminal has, none wider than the terminal.
// Threads        plain values.
//
//   client::Frame frame;
//   frame.title = "tree of http://127.0.0.1:8081, every 2s";
//   screen.draw(client::framed(frame, {}, lines, "line", cli::terminal(STDOUT_FILENO)));

#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.hpp"
#include "client/command/task_table.hpp"

namespace client {

struct Frame {
  std::string title = {};
  std::string time = {};           // of the last successful query
  std::string problem = {};        // of the last query; empty: none
  std::string another_since = {};  // start of the process that answers now; empty: it is the first one
};

// `unit` names what the body has: "… and 3 rows more".
std::vector<std::string> framed(const Frame& frame, std::vector<Line> summary, std::vector<Line> body,
                                std::string_view unit, const cli::Terminal& terminal);

}  // namespace client
