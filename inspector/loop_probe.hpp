// SPDX-License-Identifier: BSL-1.0
#pragma once
// Measures how long loops take to respond.
//
// What it is     run() probes every loop several times per second. A turn that lasts longer than a threshold is a stall: it is
//                logged once, while it lasts, with the running task, its chain of awaits and the native stack of the
//                thread, and counted by the task's site; its end is logged too. lags() gives the time of the last answer,
//                or the age of the unanswered probe. From time to time each loop also searches for its stranded tasks,
//                so that metrics show them. Threads without a leash::Loop are covered by CoroutineProbe.
// Threads        the thread of the loop that runs it.
// Lifetime       answers that arrive after the probes are destroyed are dropped.
//
//   leash::go(ctx, probes.run(ctx), "loop probe");

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/server/log_event.hpp"
#include "inspector/coroutine_probe.hpp"
#include "inspector/stall_log.hpp"
#include "leash/context.hpp"
#include "leash/loops.hpp"
#include "leash/task.hpp"

namespace inspector {

class LoopProbes {
 public:
  explicit LoopProbes(http::server::LogFunction log, StallOptions stall = {})
      : stalls_(std::move(log), stall) {}

  leash::Task<> run(leash::Context ctx);

  struct Lag {
    std::string loop;
    std::chrono::nanoseconds time;
  };
  std::vector<Lag> lags() const;
  // Names of loops that have not answered for a second.
  std::vector<std::string> unresponsive() const;
  // One sentence for each loop, and each tracked coroutine beyond loops, that is stalled now.
  std::vector<std::string> stalled() const;
  // By the site of the running task or coroutine, "none" without one; like the metrics' sites, the last one is "other".
  const std::map<std::string, std::uint64_t>& stalls() const noexcept { return stalls_.by_site(); }

 private:
  struct Probe;
  void find_loops();
  void tell(Probe& probe);
  void begin_stall(Probe& probe, std::chrono::nanoseconds lag);

  StallLog stalls_;
  CoroutineProbe coroutines_;
  std::vector<std::shared_ptr<Probe>> probes_;  // shared with the probes that are pending in the loops
};

}  // namespace inspector
