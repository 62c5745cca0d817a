// SPDX-License-Identifier: BSL-1.0
#include "client/command/live_screen.hpp"

#include <unistd.h>

#include <asio/posix/basic_stream_descriptor.hpp>
#include <csignal>

#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace client {

LiveScreen::LiveScreen(leash::Loop& loop, leash::Duration every)
    : loop_(loop), every_(every), screen_(STDOUT_FILENO), signals_(loop.io(), SIGWINCH, SIGTSTP) {}

leash::Task<> LiveScreen::run(leash::Context ctx) {
  leash::Scope all(ctx);
  all.go(follow_signals(all.ctx()), "signals");
  if (screen_.keyboard() >= 0) all.go(read_keys(all), "keys");
  draw();
  while (!all.ctx().is_done()) {
    (void)co_await leash::select(leash::sleep(every_), look_now_.receive(), all.ctx().done());
    if (all.ctx().is_done()) break;
    co_await look(all.ctx());
    if (all.ctx().is_done()) break;
    draw();
  }
  all.cancel();
  (void)co_await all.join();
}

void LiveScreen::draw() { screen_.draw(drawn(cli::terminal(STDOUT_FILENO))); }

leash::Task<> LiveScreen::follow_signals(leash::Context ctx) {
  for (;;) {
    const auto number = co_await signals_.async_wait(leash::via(ctx));
    if (!number) co_return;
    if (*number == SIGTSTP) screen_.stop_process();
    draw();
  }
}

leash::Task<> LiveScreen::read_keys(leash::Scope& all) {
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> keyboard(loop_.io().get_executor(),
                                                                                 ::dup(screen_.keyboard()));
  for (;;) {
    const auto readable =
        co_await keyboard.async_wait(asio::posix::descriptor_base::wait_read, leash::via(all.ctx()));
    if (!readable) co_return;
    const auto pressed = screen_.keys();
    if (!pressed) co_return;
    if (pressed->contains('q')) co_return all.cancel();
    if (pressed->contains(' ')) (void)look_now_.try_send(true);
  }
}

}  // namespace client
