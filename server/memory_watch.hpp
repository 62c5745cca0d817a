// SPDX-License-Identifier: BSL-1.0
#pragma once
// Keeps a server within its memory: the budget of its requests, and the limit of what leaky ones may leave.
//
// What it is     run() looks a few times a second: what the process may have decides the budgets, unless an option
//                does; what its heap holds decides whether a leaky request is served.
// Guarantees     a leaky request is judged when it comes, by what is in use then: many between two looks do not pass
//                the limit together, and what was freed counts no more. A container's limit that changes is seen.
// Threads        run(): one loop's. Everything else: any.
// Lifetime       outlives the task of run(), and is used no longer than the budgets that start() was given live.
//
//   server::MemoryWatch watch(options.memory_budget, options.leak_limit);
//   watch.start(service.memory, admin.memory());
//   leash::go(ctx, watch.run(ctx), "memory watch");
//   if (!watch.may_leak(48 * 1024)) return http::server::try_again_later("...", "leak-limit");

#include <atomic>
#include <cstdint>
#include <optional>

#include "http/server/limits/memory_budget.hpp"
#include "leash/context.hpp"
#include "leash/task.hpp"

namespace server {

// Three quarters of what this process may have; of a machine that it shares with others, 1 GiB at most.
std::uint64_t usual_memory_budget(std::uint64_t process_limit, std::uint64_t machine) noexcept;

class MemoryWatch {
 public:
  // `budget`: none is the usual one. `leak_limit`: 0 is none.
  MemoryWatch(std::optional<std::uint64_t> budget, std::uint64_t leak_limit) noexcept
      : wanted_(budget), leak_limit_(leak_limit) {}

  // Sets the budgets for the first time: the admin listener has an eighth, so that neither side takes all.
  void start(http::server::MemoryBudget& requests, http::server::MemoryBudget& admin);
  // And again and again, until ctx is done.
  leash::Task<> run(leash::Context ctx);

  std::uint64_t budget() const noexcept;  // of both together
  std::uint64_t in_use() const noexcept;

  // Whether a leaky request may hold so many bytes; if so, they count at once.
  bool may_leak(std::uint64_t bytes) noexcept;
  bool leak_limit_reached() const noexcept { return reached_.load(std::memory_order_relaxed); }

 private:
  void set_budgets();
  void look_at_heap();

  const std::optional<std::uint64_t> wanted_;
  const std::uint64_t leak_limit_;
  http::server::MemoryBudget* requests_ = nullptr;
  http::server::MemoryBudget* admin_ = nullptr;
  std::atomic<std::uint64_t> heap_{0};     // in use, when it was looked at
  std::atomic<std::uint64_t> granted_{0};  // to leaky requests, since then
  std::atomic<bool> reached_{false};
  bool told_ = false;
  bool told_budget_ = false;
};

}  // namespace server
