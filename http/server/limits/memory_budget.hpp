// SPDX-License-Identifier: BSL-1.0
#pragma once
// The memory that the requests of a server hold together, and its limit.
//
// What it is     a count of bytes against a limit. A Charge is a part of the count, and gives it back when it is
//                destroyed.
// Guarantees     existing memory is always counted, even above the limit: code that begins something new must call
//                has_room_for() first, and refuse if it returns false.
// Threads        any. A Charge is used by one thread at a time.
// Lifetime       outlives its charges.
//
//   http::server::MemoryBudget budget(192 * 1024 * 1024);
//   if (!budget.has_room_for(size)) return http::server::try_again_later("Memory is used up.", "memory");
//   http::server::MemoryBudget::Charge charge(budget, size);

#include <atomic>
#include <cstdint>
#include <utility>

namespace http::server {

class MemoryBudget {
 public:
  static constexpr std::uint64_t usual = 1024ULL * 1024 * 1024;

  explicit MemoryBudget(std::uint64_t limit = usual) noexcept : limit_(limit) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  std::uint64_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  void set_limit(std::uint64_t bytes) noexcept { limit_.store(bytes, std::memory_order_relaxed); }
  std::uint64_t in_use() const noexcept { return in_use_.load(std::memory_order_relaxed); }
  bool has_room_for(std::uint64_t bytes) const noexcept {
    const std::uint64_t used = in_use();
    const std::uint64_t most = limit();
    return used < most && bytes <= most - used;
  }

  class Charge {
   public:
    explicit Charge(MemoryBudget& budget, std::uint64_t bytes = 0) noexcept : budget_(&budget) { set(bytes); }
    Charge(Charge&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
    Charge& operator=(Charge&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Charge() { set(0); }

    // Replaces the charge by this number of bytes.
    void set(std::uint64_t bytes) noexcept {
      if (bytes == bytes_) return;
      // A decrease is an addition that wraps around.
      budget_->in_use_.fetch_add(bytes - bytes_, std::memory_order_relaxed);
      bytes_ = bytes;
    }
    std::uint64_t bytes() const noexcept { return bytes_; }

   private:
    MemoryBudget* budget_;
    std::uint64_t bytes_ = 0;
  };

 private:
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> in_use_{0};
};

}  // namespace http::server
