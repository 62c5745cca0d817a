// SPDX-License-Identifier: BSL-1.0
#include "inspector/loop_probe.hpp"

#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

#include "inspector/inspection.hpp"
#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "leash/src/outside/running_task.hpp"
#include "leash/stranded.hpp"

namespace inspector {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::nanoseconds patience = 1s;
constexpr std::int64_t least_pause =
    1'000'000'000;  // between two searches for stranded tasks, in nanoseconds

std::int64_t now() noexcept { return std::chrono::steady_clock::now().time_since_epoch() / 1ns; }

}  // namespace

struct LoopProbes::Probe {
  explicit Probe(leash::RemoteLoop of) : loop(std::move(of)) {}

  std::chrono::nanoseconds lag_now() const noexcept {
    return std::chrono::nanoseconds(waiting.load() ? now() - asked.load() : lag.load());
  }

  // Uses at most half a percent of the loop's time.
  void look_for_stranded(const leash::LoopBase& here) {
    const std::int64_t begun = now();
    if (begun < look_again) return;
    try {
      (void)leash::find_stranded(here, most_for_stranded);
    } catch (const std::bad_alloc&) {  // the earlier result remains
    }
    look_again = now() + std::max(least_pause, 200 * (now() - begun));
  }

  const leash::RemoteLoop loop;
  std::atomic<std::int64_t> asked{0};  // nanoseconds of the steady clock; 0: never
  std::atomic<std::int64_t> lag{0};    // of the last answer, in nanoseconds
  std::atomic<bool> waiting{false};
  std::int64_t look_again = 0;   // time of the next search for stranded tasks; used by the loop that is asked
  std::atomic<pid_t> thread{0};  // the thread of the last answer
  bool stuck = false;            // as logged
  std::string about;             // if stuck: in which task
};

// One probe per existing loop, in the order of the loops. Existing probes are kept.
void LoopProbes::find_loops() {
  std::vector<std::shared_ptr<Probe>> found;
  for (const leash::RemoteLoop& loop : leash::all_loops()) {
    const auto known = std::ranges::find_if(probes_, [&](const auto& probe) { return probe->loop == loop; });
    found.push_back(known == probes_.end() ? std::make_shared<Probe>(loop) : *known);
  }
  probes_ = std::move(found);
}

leash::Task<> LoopProbes::run(leash::Context ctx) {
  for (leash::Result<> slept; slept; slept = co_await leash::sleep(ctx, 250ms)) {
    try {
      find_loops();
      coroutines_.look(stalls_, [this](pid_t thread) {
        return std::ranges::any_of(probes_,
                                   [&](const auto& probe) { return probe->thread.load() == thread; });
      });
      for (const std::shared_ptr<Probe>& probe : probes_) {
        tell(*probe);
        if (probe->waiting.load()) continue;
        probe->asked.store(now());
        probe->waiting.store(true);
        try {
          (void)probe->loop.post([probe](leash::LoopBase& asked) {
            probe->thread.store(::gettid());
            probe->lag.store(now() - probe->asked.load());
            probe->waiting.store(false);
            probe->look_for_stranded(asked);
          });
        } catch (const std::bad_alloc&) {  // not asked this time
          probe->waiting.store(false);
        }
      }
    } catch (const std::bad_alloc&) {  // try again next time
    }
  }
}

void LoopProbes::tell(Probe& probe) {
  const std::chrono::nanoseconds lag = probe.lag_now();
  if ((lag > stalls_.options().after) == probe.stuck) return;
  probe.stuck = !probe.stuck;
  if (probe.stuck) {
    begin_stall(probe, lag);
  } else {
    stalls_.end("a loop answers again", {"loop", probe.loop.name()}, lag);
  }
}

void LoopProbes::begin_stall(Probe& probe, std::chrono::nanoseconds lag) {
  const pid_t thread = probe.thread.load();
  Stall stall;
  std::string culprit = "a handler";
  if (const auto running = leash::outside::running_task(probe.loop)) {
    stall.runs = fmt::format("{}{}{}", running->id, running->name.empty() ? "" : " ", running->name);
    stall.site = fmt::format("{}:{}", running->site.file, running->site.line);
    for (const leash::Frame& frame : running->frames) {
      stall.chain +=
          fmt::format("{}{} {}:{}", stall.chain.empty() ? "" : " < ", frame.function, frame.file, frame.line);
    }
    culprit = fmt::format("task {}, started at {},", stall.runs, stall.site);
  } else if (auto coroutine = stalled_coroutine(thread)) {
    stall = *std::move(coroutine);
    culprit = fmt::format("coroutine {}, made at {},", stall.runs, stall.site);
  }
  stall.thread = thread;
  stall.lag = lag;
  probe.about = fmt::format("Loop \"{}\" does not answer: {} does not return.", probe.loop.name(), culprit);
  if (!stall.chain.empty()) probe.about += fmt::format(" It runs after the co_await in {}.", stall.chain);
  stalls_.begin("a loop does not answer", {"loop", probe.loop.name()}, stall);
}

std::vector<std::string> LoopProbes::stalled() const {
  std::vector<std::string> all;
  for (const auto& probe : probes_) {
    if (probe->stuck) all.push_back(probe->about);
  }
  for (std::string& about : coroutines_.stalled()) all.push_back(std::move(about));
  return all;
}

std::vector<LoopProbes::Lag> LoopProbes::lags() const {
  std::vector<Lag> lags;
  for (const auto& probe : probes_) lags.push_back({probe->loop.name(), probe->lag_now()});
  return lags;
}

std::vector<std::string> LoopProbes::unresponsive() const {
  std::vector<std::string> names;
  for (const Lag& lag : lags()) {
    if (lag.time > patience) names.push_back(lag.loop);
  }
  return names;
}

}  // namespace inspector
