// SPDX-License-Identifier: BSL-1.0
#pragma once
// The interface by which the library reads the heap memory charged to a task. Internal.
//
// leash::heap, which replaces operator new and delete, sets `heap_charges` if it is part of the program. Without it the
// pointer is null, and reports contain only frames.

#include <atomic>
#include <cstdint>
#include <utility>

namespace leash::detail {

// Memory is charged to the task that ran, and to the site that started this task.
struct Charge {
  const void* space =
      nullptr;  // in which the id is unique: the metrics of a loop, or the registry of coroutines
  std::uint64_t id = 0;
  const char* file = "";
  std::uint32_t line = 0;
};

struct HeapCharges {
  std::uint64_t (*of_task)(const void* space, std::uint64_t id) noexcept;
  std::uint64_t (*of_site)(const char* file, std::uint32_t line) noexcept;
};

inline constinit std::atomic<const HeapCharges*> heap_charges{nullptr};

// Gets the task or coroutine that runs on this thread; false if none is tracked.
bool running(Charge& charge) noexcept;

// While an object exists, nothing is charged on this thread. Used for frames, which are counted separately.
class Uncharged {
 public:
  Uncharged() noexcept : before_(std::exchange(paused, true)) {}
  Uncharged(const Uncharged&) = delete;
  Uncharged& operator=(const Uncharged&) = delete;
  ~Uncharged() { paused = before_; }

  static inline constinit thread_local bool paused = false;

 private:
  bool before_;
};

}  // namespace leash::detail
