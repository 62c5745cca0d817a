// SPDX-License-Identifier: BSL-1.0
#pragma once
// Finds tracked coroutines that do not return to their event loop, in programs without a leash::Loop, too.
//
// What it is     look() is called several times per second. A coroutine that has run for longer than the threshold and awaited
//                nothing meanwhile is a stall: it is logged once, while it lasts, with its chain of awaits and the native
//                stack, and counted by its site; its end is logged too.
// Guarantees     no coroutine and no thread is asked. The time counts from the first look that saw it run.
// Threads        one.
//
//   probe.look(stalls, [](pid_t thread) { return false; });

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inspector/stall_log.hpp"

namespace inspector {

class CoroutineProbe {
 public:
  // Threads of loops are left to the probes of loops.
  void look(StallLog& log, const std::function<bool(pid_t)>& is_of_loop);
  // One sentence for each coroutine that does not return now.
  std::vector<std::string> stalled() const;

 private:
  struct Turn {
    int thread = 0;
    std::uint64_t frame = 0;
    std::uint32_t since = 0;  // the tick of its last co_await
    std::chrono::steady_clock::time_point seen_first;
    std::string about = {};  // once it is a stall
  };
  std::vector<Turn> turns_;  // that the last look saw
};

// What runs on this thread, if that is a tracked coroutine.
std::optional<Stall> stalled_coroutine(pid_t thread);

}  // namespace inspector
