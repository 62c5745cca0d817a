// SPDX-License-Identifier: BSL-1.0
#pragma once
// Where the library asks what heap memory is charged to a task. Internal.
//
// leash::heap, which replaces operator new and delete, sets `heap_charges` when it is part of the program. Without it the
// pointer stays null, and reports speak of frames only.

#include <atomic>
#include <cstdint>
#include <utility>

namespace leash::detail {

// What allocated memory is charged to: the task that ran, and the site that started it.
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

// What runs on this thread now; false: nothing that is tracked.
bool running(Charge& charge) noexcept;

// While one lives, nothing is charged on this thread: for frames, which are counted apart.
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
