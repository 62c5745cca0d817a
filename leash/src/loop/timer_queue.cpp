// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/timer_queue.hpp"

#include <algorithm>
#include <new>

#include "leash/error.hpp"

namespace leash {
namespace {
constexpr std::size_t arity = 4;
constexpr std::size_t keep_capacity = 1024;
}  // namespace

void TimerQueue::place(std::size_t index, Entry entry) noexcept {
  heap_[index] = entry;
  entry.timer->index_ = static_cast<std::uint32_t>(index);
}

void TimerQueue::sift_up(std::size_t index, Entry entry) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / arity;
    if (before(heap_[parent], entry)) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerQueue::sift_down(std::size_t index, Entry entry) noexcept {
  for (;;) {
    const std::size_t first = index * arity + 1;
    if (first >= heap_.size()) break;
    const std::size_t end = std::min(first + arity, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (before(heap_[child], heap_[least])) least = child;
    }
    if (before(entry, heap_[least])) break;
    place(index, heap_[least]);
    index = least;
  }
  place(index, entry);
}

void TimerQueue::add(Timer& timer, TimePoint when) {
  const std::size_t needed = heap_.size() + 1 + kept_places;
  if (needed > heap_.capacity()) heap_.reserve(std::max(needed, 2 * heap_.capacity()));
  insert(timer, when);
}

void TimerQueue::add_in_kept_place(Timer& timer, TimePoint when) noexcept {
  check(heap_.size() < heap_.capacity(), "more timers in kept places than there are");
  insert(timer, when);
}

void TimerQueue::insert(Timer& timer, TimePoint when) noexcept {
  check(!timer.armed(), "timer armed twice");
  timer.order_ = added_++;
  heap_.push_back({when, &timer});
  sift_up(heap_.size() - 1, {when, &timer});
}

void TimerQueue::remove(Timer& timer) noexcept {
  if (!timer.armed()) return;
  const std::size_t index = timer.index_;
  timer.index_ = Timer::unarmed;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (last.timer != &timer) {
    if (index > 0 && before(last, heap_[(index - 1) / arity])) {
      sift_up(index, last);
    } else {
      sift_down(index, last);
    }
  }
  // Releases the memory of a burst of deadlines.
  if (heap_.capacity() > keep_capacity && heap_.size() < heap_.capacity() / 8) shrink();
}

void TimerQueue::shrink() noexcept {
  try {
    std::vector<Entry> smaller;
    smaller.reserve(heap_.capacity() / 4);
    smaller.assign(heap_.begin(), heap_.end());
    heap_.swap(smaller);
  } catch (const std::bad_alloc&) {  // the next removal tries again
  }
}

Timer* TimerQueue::pop_due(TimePoint now) noexcept {
  if (heap_.empty() || heap_.front().when > now) return nullptr;
  Timer* timer = heap_.front().timer;
  remove(*timer);
  return timer;
}

std::optional<TimePoint> TimerQueue::earliest() const noexcept {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

}  // namespace leash
