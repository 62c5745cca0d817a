// SPDX-License-Identifier: BSL-1.0
#pragma once
// Heap memory charged to the task that allocated it.
//
// What it is     a program that links leash::heap has its operator new and delete replaced: of what tasks and tracked
//                coroutines allocate, a sample is kept, so that reports, metrics and profiles say what a task holds.
// Requires       operator new and delete are not replaced by the program itself. Memory from malloc is not seen.
// Guarantees     live bytes are an unbiased estimate: over a thousand like tasks within 10 % of the truth. A block is
//                charged to the task that allocated it until it is freed, also when it was handed to another task.
//                An allocation made while no task runs is charged to none.
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

/// Mean number of bytes allocated between two samples. Each sample takes about a quarter of a microsecond.
inline constexpr std::size_t default_heap_rate = 32 * 1024;

/// Also set by LEASH_HEAP_RATE, in bytes, before main. 0: no sample is taken any more. Takes effect on each thread with its
/// next sample. What was sampled before keeps the size that it stands for.
void set_heap_rate(std::size_t bytes) noexcept;
std::size_t heap_rate() noexcept;

/// Estimated live bytes that are charged to any task.
std::uint64_t charged_heap_bytes() noexcept;

}  // namespace leash
