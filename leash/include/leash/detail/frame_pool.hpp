// SPDX-License-Identifier: BSL-1.0
#pragma once
// Memory for coroutine frames and other small objects that come and go with every request.
//
// What it is     a pool for each thread: size classes (steps of 16 bytes, up to 2 KiB) carved from blocks of
//                64 KiB; what is larger goes to operator new.
// Guarantees     allocate and release are O(1) and, after warm-up, make no system call. A block that is
//                wholly empty goes back to the operating system, above a low-water mark of 16 empty blocks (1
//                MiB).
// Threads        memory may be released on any thread: what another thread releases is handed back under a
//                lock. The pool of a thread that has ended lives until its last object is released.
// Sanitizers     both are operator new and delete there, because recycling hides use after free.
//
//   void* memory = leash::frame_allocate(200);
//   leash::frame_release(memory, 200);

#include <cstddef>

namespace leash {

// From the calling thread's pool; throws std::bad_alloc.
void* frame_allocate(std::size_t size);
// `size` is the one given to frame_allocate. Any thread.
void frame_release(void* memory, std::size_t size) noexcept;

namespace detail {

// Objects of derived classes are in the pool.
struct InFramePool {
  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }
};

}  // namespace detail
}  // namespace leash
