// SPDX-License-Identifier: BSL-1.0
#pragma once
// --watch on a terminal: a full screen that is updated at an interval and when space is pressed.
//
// What it is     a base class. look() sends the request; drawn() makes the lines from what it has received.
// Requires       a terminal; one LiveScreen at a time.
// Guarantees     run() ends when q is pressed or its context is done. The screen is drawn again after each look(), when
//                the size of the terminal changes, and when the process continues after Ctrl-Z.
// Threads        the loop's.
//
//   LiveTree tree(loop, 2s);   // a class derived from LiveScreen
//   co_await tree.run(ctx);

#include <asio/signal_set.hpp>
#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "client/command/full_screen.hpp"
#include "leash/channel.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/task.hpp"

namespace client {

class LiveScreen {
 public:
  LiveScreen(leash::Loop& loop, leash::Duration every);
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;
  virtual ~LiveScreen() = default;

  leash::Task<> run(leash::Context ctx);

 private:
  virtual leash::Task<> look(leash::Context ctx) = 0;
  virtual std::vector<std::string> drawn(const cli::Terminal& terminal) const = 0;

  void draw();
  leash::Task<> follow_signals(leash::Context ctx);
  leash::Task<> read_keys(leash::Scope& all);

  leash::Loop& loop_;
  leash::Duration every_;
  FullScreen screen_;
  asio::signal_set signals_;
  leash::Channel<bool> look_now_{1};
};

}  // namespace client
