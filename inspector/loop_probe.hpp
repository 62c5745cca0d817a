// SPDX-License-Identifier: BSL-1.0
#pragma once
// Measures how long loops take to answer.
//
// What it is     run() asks every loop a few times a second, and logs when one does not answer for a second, and when it
//                does again. Now and then the loop also looks for stranded tasks, so that metrics tell of them. lags() says the last answer's time, or how long the question has been waiting.
// Threads        the loop's that runs it.
// Lifetime       what a loop answers when the probes are gone is of no interest.
//
//   leash::go(ctx, probes.run(ctx), "loop probe");

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "http/server/log_event.hpp"
#include "leash/context.hpp"
#include "leash/loops.hpp"
#include "leash/task.hpp"

namespace inspector {

class LoopProbes {
 public:
  explicit LoopProbes(http::server::LogFunction log) : log_(std::move(log)) {}

  leash::Task<> run(leash::Context ctx);

  struct Lag {
    std::string loop;
    std::chrono::nanoseconds time;
  };
  std::vector<Lag> lags() const;
  // Names of the loops that have not answered for a second.
  std::vector<std::string> unresponsive() const;

 private:
  struct Probe;
  void find_loops();
  void tell(Probe& probe) const;

  http::server::LogFunction log_;
  std::vector<std::shared_ptr<Probe>> probes_;  // shared with the questions that wait in the loops
};

}  // namespace inspector
