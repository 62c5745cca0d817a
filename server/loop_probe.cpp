#include "server/loop_probe.hpp"

#include "leash/sleep.hpp"

namespace server {

using namespace std::chrono_literals;

namespace {
std::int64_t now() noexcept { return std::chrono::steady_clock::now().time_since_epoch() / 1ns; }
}  // namespace

LoopProbes::LoopProbes(const std::vector<std::unique_ptr<Worker>>& workers) {
  for (const auto& worker : workers) {
    probes_.push_back(std::make_unique<Probe>());
    probes_.back()->worker = worker.get();
  }
}

leash::Task<> LoopProbes::run(leash::Context ctx) {
  for (leash::Result<> slept; slept; slept = co_await leash::sleep(ctx, 250ms)) {
    for (const auto& each : probes_) {
      Probe* probe = each.get();
      if (probe->waiting.exchange(true)) continue;
      probe->asked.store(now());
      probe->worker->post([probe] {
        probe->lag.store(now() - probe->asked.load());
        probe->waiting.store(false);
      });
    }
  }
}

std::vector<LoopProbes::Lag> LoopProbes::lags() const {
  std::vector<Lag> lags;
  for (const auto& probe : probes_) {
    const std::int64_t lag = probe->waiting.load() ? now() - probe->asked.load() : probe->lag.load();
    lags.push_back({probe->worker->loop().name(), std::chrono::nanoseconds(lag)});
  }
  return lags;
}

std::vector<std::string> LoopProbes::unresponsive() const {
  std::vector<std::string> names;
  for (const Lag& lag : lags()) {
    if (lag.time > 1s) names.push_back(lag.loop);
  }
  return names;
}

}  // namespace server
