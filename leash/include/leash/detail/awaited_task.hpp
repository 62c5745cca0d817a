// SPDX-License-Identifier: BSL-1.0
#pragma once
// The leash task that a coroutine awaits, for the registry of coroutines. Internal; without Asio and loops.
//
// Threads        any, at any time; `record` and `loop` are for the thread of the task's loop.
//
//   awaits_task(current_coroutine(), {task.id, site, &task, &task.loop()});
//   awaits_no_more(coroutine, task.id);  // before the task's record goes

#include <cstdint>
#include <source_location>

namespace leash::detail {

struct AwaitedTask {
  std::uint64_t id = 0;  // 0: none
  std::source_location site = {};
  const void* record = nullptr;
  const void* loop = nullptr;
};

// `coroutine` is the root of its chain. No effect if it has ended.
void awaits_task(std::uint64_t coroutine, const AwaitedTask& task);
void awaits_no_more(std::uint64_t coroutine, std::uint64_t task) noexcept;

}  // namespace leash::detail
