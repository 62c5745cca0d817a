// SPDX-License-Identifier: BSL-1.0
// A service with metrics of its own (prometheus-cpp) and leash's metrics in the same response: live, leaked and detached
// tasks by the line that started them.
//
//   metrics                     works for a moment, then prints the metrics

#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <iostream>
#include <memory>

#include "leash/channel.hpp"
#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/prometheus.hpp"
#include "leash/sleep.hpp"

using namespace std::chrono_literals;

leash::Task<> forgotten(leash::Channel<int> channel) {
  (void)co_await channel.receive();  // without a context, and without a sender: it waits for ever
}

leash::Task<> job(leash::Context ctx, prometheus::Counter& done) {
  leash::go(ctx, forgotten(leash::Channel<int>()), "forgotten");
  if (auto slept = co_await leash::sleep(ctx, 1ms); slept) done.Increment();
}

leash::Task<> work(leash::Context parent, prometheus::Counter& done) {
  for (int i = 0; i < 3; ++i) {
    auto [ctx, cancel] = leash::with_cancel(parent);  // one per job: its end cancels the tasks of the job
    co_await job(ctx, done);
  }
  (void)co_await leash::sleep(parent,
                              1200ms);  // longer than the grace: the tasks that are left count as leaked
}

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};

  prometheus::Registry registry;
  prometheus::Counter& done =
      prometheus::BuildCounter().Name("jobs_total").Help("Jobs done.").Register(registry).Add({});
  const auto of_leash = std::make_shared<leash::PrometheusCollector>();
  of_leash->add(loop);

  leash::go(loop.background(), work(loop.background(), done));
  io.run_for(1500ms);

  // A real service gives both to a prometheus::Exposer, or answers GET /metrics with this text.
  auto families = registry.Collect();
  for (auto& family : of_leash->Collect()) families.push_back(std::move(family));
  std::cout << prometheus::TextSerializer().Serialize(families);
}
