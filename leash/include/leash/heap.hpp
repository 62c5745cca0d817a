// SPDX-License-Identifier: BSL-1.0
#pragma once
// Heap memory charged to the task that allocated it.
//
// What it is     linking leash::heap replaces operator new and delete. They sample the allocations of tasks and tracked
//                coroutines, so that reports, metrics and profiles say how much memory a task holds.
// Requires       the program does not replace operator new and delete itself. Memory from malloc is not counted.
// Guarantees     live bytes are an unbiased estimate: within 10 % over a thousand similar tasks. A block is charged to
//                the task that allocated it until it is freed, even if it was handed to another task. An allocation
//                made while no task runs is charged to none.
// Threads        any. A block may be freed on another thread.
// Lifetime       the process's.
//
//   // CMake: target_link_libraries(service PRIVATE leash::leash leash::heap)
//   leash::Task<> serve(leash::Context ctx) {
//     std::string body(1 << 20, 'x');                 // charged to this task
//     (void)co_await leash::sleep(ctx, 1s);           // a dump says: holds 1.0 MiB
//   }

#include <cstddef>
#include <cstdint>

namespace leash {

/// Mean number of bytes allocated between two samples. A sample costs about a quarter of a microsecond.
inline constexpr std::size_t default_heap_rate = 32 * 1024;

/// Also set by LEASH_HEAP_RATE, in bytes, before main. 0 stops sampling. Takes effect on each thread with its next
/// sample. Earlier samples keep the size that they stand for.
void set_heap_rate(std::size_t bytes) noexcept;
std::size_t heap_rate() noexcept;

/// Estimated live bytes that are charged to tasks.
std::uint64_t charged_heap_bytes() noexcept;

}  // namespace leash
