// SPDX-License-Identifier: BSL-1.0
#pragma once
// The load on one server from as many threads as the plan says, each with its share.
//
// What it is     with one thread: Traffic on the given loop. With more: each thread has its own loop, and the given loop
//                only supervises them.
// Guarantees     figures are totals over all threads. When run() returns, its threads have ended.
// Threads        the loop's.
// Lifetime       outlives run().
//
//   loadgen::Crew crew(loop, plan);
//   co_await crew.run(waiting.ctx, sending.ctx);   // as Traffic's
//   crew.write_to(result);

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/report/report.hpp"
#include "loadgen/traffic/traffic.hpp"

namespace loadgen {

class Crew {
 public:
  Crew(leash::Loop& loop, const Plan& plan);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  leash::Task<> run(leash::Context ctx, leash::Context sending);

  void write_to(RunResult& result) const;
  TrafficNow now() const;
  // What happened since the last call.
  Interval take_interval();
  // Requested requests per second, averaged between two times since the start; empty for a closed loop.
  std::optional<double> rate_between(leash::Duration from, leash::Duration to) const noexcept;

 private:
  struct Worker;
  static leash::Task<> drive(leash::Loop& loop, Worker& worker);

  std::optional<Schedule> schedule_;              // of all threads of an open loop
  std::optional<Traffic> alone_;                  // with one thread
  std::vector<std::unique_ptr<Worker>> workers_;  // with several threads
};

}  // namespace loadgen
