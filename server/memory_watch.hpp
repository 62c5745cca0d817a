// SPDX-License-Identifier: BSL-1.0
#pragma once
// Keeps the server within its memory: the budget of its requests, and the limit for leaky requests.
//
// What it is     run() checks several times per second: unless an option sets the budget, it follows the memory limit of the
//                process; the heap in use decides whether leaky requests are served.
// Guarantees     a leaky request is judged on arrival by the memory in use then, so that many requests between two checks
//                cannot exceed the limit together, and freed memory no longer counts. A change of a container's
//                limit is noticed.
// Threads        run(): that of one loop. All others: any.
// Lifetime       outlives the task of run(); the budgets passed to start() outlive its use.
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

// Three quarters of the process's limit; at most 1 GiB if the process has no limit of its own.
std::uint64_t usual_memory_budget(std::uint64_t process_limit, std::uint64_t machine) noexcept;

class MemoryWatch {
 public:
  // `budget`: empty means usual_memory_budget(). `leak_limit`: 0 means no limit.
  MemoryWatch(std::optional<std::uint64_t> budget, std::uint64_t leak_limit) noexcept
      : wanted_(budget), leak_limit_(leak_limit) {}

  // Sets the first budgets: an eighth is for the admin listener, so that neither listener can take all memory.
  void start(http::server::MemoryBudget& requests, http::server::MemoryBudget& admin);
  // Updates the budgets and the heap figure until ctx is done.
  leash::Task<> run(leash::Context ctx);

  std::uint64_t budget() const noexcept;  // of both listeners together
  std::uint64_t in_use() const noexcept;

  // Whether a leaky request may hold this many bytes; if so, they count from now on.
  bool may_leak(std::uint64_t bytes) noexcept;
  bool leak_limit_reached() const noexcept { return reached_.load(std::memory_order_relaxed); }

 private:
  void set_budgets();
  void look_at_heap();

  const std::optional<std::uint64_t> wanted_;
  const std::uint64_t leak_limit_;
  http::server::MemoryBudget* requests_ = nullptr;
  http::server::MemoryBudget* admin_ = nullptr;
  std::atomic<std::uint64_t> heap_{0};     // bytes in use at the last check
  std::atomic<std::uint64_t> granted_{0};  // bytes granted to leaky requests since then
  std::atomic<bool> reached_{false};
  bool told_ = false;
  bool told_budget_ = false;
};

}  // namespace server
