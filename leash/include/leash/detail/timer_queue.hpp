// SPDX-License-Identifier: BSL-1.0
#pragma once
// The deadlines of a loop: an indexed 4-ary heap, so that one timer serves any number of them.
//
// What it is     a Timer is embedded in each object with a deadline; TimerQueue orders them.
// Requires       an armed Timer does not move, and is removed before it is destroyed.
// Guarantees     add and remove are O(log n); add allocates when the heap grows; timers that are due at the same
//                instant fire in the order in which they were added.
// Threads        the loop's.
//
//   queue.add(timer, when);
//   while (Timer* due = queue.pop_due(now)) due->fire(*due);

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "leash/clock.hpp"

namespace leash {

class Timer {
 public:
  using Fire = void (*)(Timer&) noexcept;

  explicit Timer(Fire on_fire) noexcept : fire(on_fire) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const noexcept { return index_ != unarmed; }

  Fire fire;

 private:
  friend class TimerQueue;
  static constexpr std::uint32_t unarmed = UINT32_MAX;
  std::uint32_t index_ = unarmed;
  std::uint32_t order_ = 0;  // the order among timers of the same time
};

class TimerQueue {
 public:
  TimerQueue() { heap_.reserve(kept_places); }

  void add(Timer& timer, TimePoint when);  // aborts if it is already armed
  void remove(Timer& timer) noexcept;      // no effect if it is not armed

  // The same, in one of the places that add() leaves free. Aborts if none is left.
  static constexpr std::size_t kept_places = 2;
  void add_in_kept_place(Timer& timer, TimePoint when) noexcept;

  // Removes and returns the earliest timer if it is due; otherwise nullptr.
  Timer* pop_due(TimePoint now) noexcept;

  std::optional<TimePoint> earliest() const noexcept;
  std::size_t size() const noexcept { return heap_.size(); }
  bool empty() const noexcept { return heap_.empty(); }

 private:
  struct Entry {
    TimePoint when;
    Timer* timer;
  };
  static bool before(const Entry& a, const Entry& b) noexcept {
    if (a.when != b.when) return a.when < b.when;
    return static_cast<std::int32_t>(a.timer->order_ - b.timer->order_) < 0;  // the number may wrap
  }
  void place(std::size_t index, Entry entry) noexcept;
  void sift_up(std::size_t index, Entry entry) noexcept;
  void sift_down(std::size_t index, Entry entry) noexcept;
  void insert(Timer& timer, TimePoint when) noexcept;
  void shrink() noexcept;

  std::vector<Entry> heap_;
  std::uint32_t added_ = 0;
};

}  // namespace leash
