// leash-load: the command.

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "leash/check.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/via.hpp"
#include "loadgen/options.hpp"
#include "loadgen/session.hpp"

namespace {

int fail(int status, const std::string& line) {
  std::fprintf(stderr, "leash-load: %s\n", line.c_str());
  return status;
}

// The first signal ends the load, the second everything.
leash::Task<> stop_on_signal(leash::Scope& all, leash::Cancel sending, asio::signal_set& signals,
                             int& status) {
  const auto first = co_await signals.async_wait(leash::via(all.ctx()));
  if (!first) co_return;
  sending();
  std::fputs("\nleash-load: no more load; waiting for the server to come to rest (once more: end at once)\n",
             stderr);
  const auto second = co_await signals.async_wait(leash::via(all.ctx()));
  if (!second) co_return;
  status = 128 + *second;
  all.cancel();
}

leash::Task<> run_until_done(leash::Scope& all, loadgen::Session& session, leash::Context sending,
                             int& status) {
  status = co_await session.run(all.ctx(), sending);
  all.cancel();
}

leash::Task<> run(leash::Loop& loop, const loadgen::Options& options, int& status) {
  asio::signal_set signals(loop.io(), SIGINT, SIGTERM);
  loadgen::Session session(loop, options);
  int signalled = 0;
  leash::Scope all(loop.background());
  auto sending = leash::with_cancel(all.ctx());
  all.go(run_until_done(all, session, sending.ctx, status), "session");
  all.go(stop_on_signal(all, std::move(sending.cancel), signals, signalled), "signals");
  (void)co_await all.join();
  if (signalled != 0) status = signalled;
}

}  // namespace

int main(int argc, char** argv) {
  auto options = loadgen::parse_command_line(argc, argv);
  if (!options) {
    const loadgen::Message& message = options.error();
    if (message.exit_status != 0) return fail(message.exit_status, message.text);
    std::fputs(message.text.c_str(), stdout);
    return 0;
  }
  if (!options->json_file.empty()) {
    std::FILE* file = std::fopen(options->json_file.c_str(), "a");  // before the load rather than after it
    if (!file) return fail(loadgen::Exit::usage, options->json_file + ": cannot be written");
    std::fclose(file);
  }
  std::signal(SIGPIPE, SIG_IGN);
  int status = loadgen::Exit::unknown;
  asio::io_context io{1};
  leash::LoopOptions loop_options;
  loop_options.timer_grid = std::chrono::microseconds(50);
  leash::Loop loop{io, std::move(loop_options)};
  leash::go(loop.background(), run(loop, *options, status), "leash-load");
  const auto ran = loop.run();
  if (!ran) return fail(loadgen::Exit::unknown, ran.error().message());
  // What it asks of servers it does itself.
  leash::check(leash::live_tasks(loop) == 0, "leash-load has left tasks behind");
  leash::check(loop.figures()->contexts_live.get() == 0, "leash-load has left contexts behind");
  return status;
}
