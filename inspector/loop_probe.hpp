// SPDX-License-Identifier: BSL-1.0
#pragma once
// Measures how long loops take to answer.
//
// What it is     run() asks every loop a few times a second. A stall is a turn that lasts longer than a threshold: it is
//                logged once, while it lasts, with the task that runs, its chain of awaits and the native stack of the
//                thread, and counted by the task's site; so is its end logged. lags() says the last answer's time, or how
//                long the question has been waiting. Now and then each loop also looks for its stranded tasks, so that
//                metrics tell of them.
// Threads        the loop's that runs it.
// Lifetime       what a loop answers when the probes are gone is of no interest.
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
#include "leash/context.hpp"
#include "leash/loops.hpp"
#include "leash/task.hpp"

namespace inspector {

struct StallOptions {
  std::chrono::nanoseconds after = std::chrono::milliseconds(500);
  int signal = SIGURG;  // that takes the native stack; 0: none does
};

class LoopProbes {
 public:
  explicit LoopProbes(http::server::LogFunction log, StallOptions stall = {})
      : log_(std::move(log)), stall_(stall) {}

  leash::Task<> run(leash::Context ctx);

  struct Lag {
    std::string loop;
    std::chrono::nanoseconds time;
  };
  std::vector<Lag> lags() const;
  // Names of the loops that have not answered for a second.
  std::vector<std::string> unresponsive() const;
  // A sentence about each loop that is in a stall now.
  std::vector<std::string> stalled() const;
  // By the site of the task that ran, "none" where none did; as the metrics' sites are, the last one is "other".
  const std::map<std::string, std::uint64_t>& stalls() const noexcept { return stalls_; }

 private:
  struct Probe;
  void find_loops();
  void tell(Probe& probe);
  void begin_stall(Probe& probe, std::chrono::nanoseconds lag);

  http::server::LogFunction log_;
  const StallOptions stall_;
  std::map<std::string, std::uint64_t> stalls_;
  std::vector<std::shared_ptr<Probe>> probes_;  // shared with the questions that wait in the loops
};

}  // namespace inspector
