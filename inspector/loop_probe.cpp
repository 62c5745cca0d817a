// SPDX-License-Identifier: BSL-1.0
#include "inspector/loop_probe.hpp"

#include <new>

#include "leash/sleep.hpp"
#include "server/log.hpp"

namespace server {

using namespace std::chrono_literals;

namespace {
constexpr std::chrono::nanoseconds patience = 1s;

std::int64_t now() noexcept { return std::chrono::steady_clock::now().time_since_epoch() / 1ns; }
}  // namespace

LoopProbes::LoopProbes(const std::vector<std::unique_ptr<Worker>>& workers) {
  for (const auto& worker : workers) {
    probes_.push_back(std::make_shared<Probe>());
    probes_.back()->worker = worker.get();
  }
}

leash::Task<> LoopProbes::run(leash::Context ctx) {
  for (leash::Result<> slept; slept; slept = co_await leash::sleep(ctx, 250ms)) {
    for (const std::shared_ptr<Probe>& probe : probes_) {
      tell(*probe);
      if (probe->waiting.exchange(true)) continue;
      probe->asked.store(now());
      try {
        probe->worker->post([probe] {
          probe->lag.store(now() - probe->asked.load());
          probe->waiting.store(false);
        });
      } catch (const std::bad_alloc&) {  // it was not asked; the next time, perhaps
        probe->waiting.store(false);
      }
    }
  }
}

std::chrono::nanoseconds LoopProbes::Probe::lag_now() const noexcept {
  return std::chrono::nanoseconds(waiting.load() ? now() - asked.load() : lag.load());
}

void LoopProbes::tell(Probe& probe) {
  const std::chrono::nanoseconds lag = probe.lag_now();
  if ((lag > patience) == probe.stuck) return;
  probe.stuck = !probe.stuck;
  log_event(
      probe.stuck ? LogLevel::warn : LogLevel::info,
      probe.stuck ? "a loop does not answer" : "a loop answers again",
      {{"loop", probe.worker->loop().name()}, {"lag_seconds", std::chrono::duration<double>(lag).count()}});
}

std::vector<LoopProbes::Lag> LoopProbes::lags() const {
  std::vector<Lag> lags;
  for (const auto& probe : probes_) lags.push_back({probe->worker->loop().name(), probe->lag_now()});
  return lags;
}

std::vector<std::string> LoopProbes::unresponsive() const {
  std::vector<std::string> names;
  for (const Lag& lag : lags()) {
    if (lag.time > patience) names.push_back(lag.loop);
  }
  return names;
}

}  // namespace server
