// SPDX-License-Identifier: BSL-1.0
// Asks several replicas at once, takes the first answer and stops the others, so that no task is left waiting.
//
//   fan_out                     prints the answer, and how many tasks are left

#include <asio/io_context.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <utility>

#include "leash/channel.hpp"
#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"

using namespace std::chrono_literals;

// Stands for a call to another service. The channel is unbuffered: without a context, each replica but the first would
// wait in send for ever. That is the leak; ctx is the fix.
leash::Task<> ask(leash::Context ctx, int replica, leash::Channel<std::string> answers) {
  if (auto slept = co_await leash::sleep(ctx, replica * 10ms); !slept) co_return;
  std::string answer = "replica " + std::to_string(replica);
  (void)co_await answers.send(ctx, std::move(answer));  // fails if another one was faster
}

leash::Task<leash::Result<std::string>> first_answer(leash::Context parent, int replicas) {
  auto [ctx, cancel] = leash::with_timeout(parent, 1s);
  leash::Scope scope(ctx);
  leash::Channel<std::string> answers;
  for (int i = 1; i <= replicas; ++i) scope.go(ask(scope.ctx(), i, answers), "replica");

  auto first = co_await answers.receive(scope.ctx());
  scope.cancel();  // the answer is there: stop
  if (auto joined = co_await scope.join(); !joined) co_return std::unexpected(joined.error());
  co_return first;  // all of them have ended here
}

leash::Task<> run(leash::Context ctx) {
  auto answer = co_await first_answer(ctx, 5);
  std::cout << (answer ? *answer : answer.error().message()) << '\n';
}

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::go(loop.background(), run(loop.background()));
  if (auto ran = loop.run(); !ran) std::cerr << ran.error().message() << '\n';
  std::cout << "left: " << leash::live_tasks(loop) << " tasks\n";
}
