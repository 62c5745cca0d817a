// SPDX-License-Identifier: BSL-1.0
#include "server/memory_watch.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <new>
#include <utility>

#include "leash/sleep.hpp"
#include "process/memory_limit.hpp"
#include "process/process.hpp"
#include "server/log.hpp"

namespace server {

using namespace std::chrono_literals;
using http::server::MemoryBudget;

std::uint64_t usual_memory_budget(std::uint64_t process_limit, std::uint64_t machine) noexcept {
  const std::uint64_t most = process_limit / 4 * 3;
  return process_limit < machine ? most : std::min(most, MemoryBudget::usual);
}

namespace {

bool can_read_files() {
  const std::ifstream limits("/proc/self/cgroup");
  return limits.is_open();
}

}  // namespace

void MemoryWatch::start(MemoryBudget& requests, MemoryBudget& admin) {
  requests_ = &requests;
  admin_ = &admin;
  set_budgets();
  look_at_heap();
}

std::uint64_t MemoryWatch::budget() const noexcept {
  return requests_ ? requests_->limit() + admin_->limit() : 0;
}

std::uint64_t MemoryWatch::in_use() const noexcept {
  return requests_ ? requests_->in_use() + admin_->in_use() : 0;
}

leash::Task<> MemoryWatch::run(leash::Context ctx) {
  for (leash::Result<> slept; slept; slept = co_await leash::sleep(ctx, 200ms)) {
    try {
      set_budgets();
      look_at_heap();
    } catch (const std::bad_alloc&) {  // try again at the next interval
      log_limited(LogLevel::warn, "out of memory while checking the memory limit", {});
    }
  }
}

void MemoryWatch::set_budgets() {
  const std::uint64_t wanted =
      wanted_.value_or(usual_memory_budget(process::memory_limit_bytes(), process::machine_memory_bytes()));
  if (wanted == budget()) return;
  if (wanted > budget() && !can_read_files()) return;  // out of descriptors: the limit cannot be read
  admin_->set_limit(wanted / 8);
  requests_->set_limit(wanted - wanted / 8);
  if (std::exchange(told_budget_, true)) {
    log_event(LogLevel::info, "the memory budget follows the limit of the process",
              {{"budget_bytes", wanted}});
  }
}

void MemoryWatch::look_at_heap() {
  if (leak_limit_ == 0) return;
  granted_.store(0, std::memory_order_relaxed);
  const std::uint64_t heap = process::heap_bytes();
  heap_.store(heap, std::memory_order_relaxed);
  // The threshold for leaving is lower, so that the state does not change with each request that ends.
  if (heap < leak_limit_ / 16 * 15) reached_.store(false, std::memory_order_relaxed);
  if (heap > leak_limit_) reached_.store(true, std::memory_order_relaxed);
  if (leak_limit_reached() == told_) return;
  told_ = !told_;
  log_event(LogLevel::warn, told_ ? "leak limit reached" : "leak limit no longer reached",
            {{"limit_bytes", leak_limit_}, {"heap_bytes", heap}});
}

bool MemoryWatch::may_leak(std::uint64_t bytes) noexcept {
  if (leak_limit_ == 0) return true;
  const std::uint64_t granted = granted_.fetch_add(bytes, std::memory_order_relaxed);
  if (heap_.load(std::memory_order_relaxed) + granted + bytes <= leak_limit_) return true;
  granted_.fetch_sub(bytes, std::memory_order_relaxed);
  reached_.store(true, std::memory_order_relaxed);
  return false;
}

}  // namespace server
