// SPDX-License-Identifier: BSL-1.0
// The command leash-client, from its arguments to its exit status.

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <utility>
#include <variant>

#include "client/command/command.hpp"
#include "client/command/options.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/via.hpp"

namespace client {

namespace {

leash::Task<> stop_on_signal(leash::Scope& all, asio::signal_set& signals, int& status) {
  const auto number = co_await signals.async_wait(leash::via(all.ctx()));
  if (!number) co_return;
  status = 128 + *number;
  all.cancel();
}

leash::Task<> run_until_done(leash::Scope& all, leash::Task<int> work, int& status) {
  status = co_await std::move(work);
  all.cancel();
}

leash::Task<> run(leash::Loop& loop, Command command, int& status) {
  asio::signal_set signals(loop.io());
  for (const int number : {SIGINT, SIGTERM, SIGHUP,
                           SIGQUIT}) {  // their default would leave the terminal in the alternate screen
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    if (now.sa_handler != SIG_IGN) signals.add(number);  // nohup ignores SIGHUP
  }
  int signalled = 0;
  leash::Scope all(loop.background());
  leash::Task<int> work =
      std::visit([&](auto& chosen) { return execute(all.ctx(), loop, std::move(chosen)); }, command);
  all.go(stop_on_signal(all, signals, signalled), "signals");
  all.go(run_until_done(all, std::move(work), status), "command");
  (void)co_await all.join();
  if (signalled != 0) status = signalled;
}

int run_to_the_end(Command command) {
  int status = Exit::connection_failure;  // also if an exception ends it
  asio::io_context io{1};
  leash::Loop loop{io, cli::loop_options()};
  leash::go(loop.background(), run(loop, std::move(command), status), "leash-client");
  if (const auto ran = loop.run(); !ran) {
    return complain(Exit::connection_failure, ran.error().message());
  }
  return status;
}

}  // namespace
}  // namespace client

int main(int argc, char** argv) {
  cli::prepare_standard_streams();
  auto command = client::parse_command_line(argc, argv);
  if (!command) return cli::show(command.error(), client::Exit::output_failure);
  return cli::run([&] { return client::run_to_the_end(std::move(*command)); },
                  client::Exit::connection_failure);
}
