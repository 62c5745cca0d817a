// SPDX-License-Identifier: BSL-1.0
#pragma once
// Measures how long loops take to answer.
//
// What it is     run() asks every loop a few times a second, and writes to the log when one does not answer for a
//                second, and when it does again; lags() says the last answer's time, or how long the question has been
//                waiting.
// Threads        run on one loop; lags and stuck from any thread.
// Lifetime       the workers outlive it; what a loop answers afterwards, as when it closes, is of no interest.
//
//   leash::go(ctx, probes.run(ctx), "loop probe");

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "leash/context.hpp"
#include "leash/task.hpp"
#include "http/server/worker.hpp"

namespace server {

class LoopProbes {
 public:
  explicit LoopProbes(const std::vector<std::unique_ptr<Worker>>& workers);

  leash::Task<> run(leash::Context ctx);

  struct Lag {
    std::string loop;
    std::chrono::nanoseconds time;
  };
  std::vector<Lag> lags() const;
  // Names of the loops that have not answered for a second.
  std::vector<std::string> unresponsive() const;

 private:
  struct Probe {
    Worker* worker;
    std::atomic<std::int64_t> asked{0};  // nanoseconds of the steady clock; 0: never
    std::atomic<std::int64_t> lag{0};    // of the last answer, in nanoseconds
    std::atomic<bool> waiting{false};
    bool stuck = false;  // as the log says

    std::chrono::nanoseconds lag_now() const noexcept;
  };
  static void tell(Probe& probe);
  std::vector<std::shared_ptr<Probe>> probes_;  // shared with the questions that wait in the loops
};

}  // namespace server
