// SPDX-License-Identifier: BSL-1.0
#pragma once
// Memory for coroutine frames and other small objects that are allocated and released with every request.
//
// What it is     a pool per thread. Size classes (steps of 16 bytes, up to 2 KiB) use blocks of 64 KiB; larger objects
//                use operator new.
// Guarantees     allocate and release are O(1) and make no system call after the warm-up. Above a
//                low-water mark of 16 empty blocks (1 MiB), empty blocks go back to the operating
//                system.
// Threads        memory may be released on any thread; another thread returns it under a lock. The pool of an ended
//                thread exists until its last object is released.
// Sanitizers     both are operator new and delete there, because recycling hides use after free.
//
//   void* memory = leash::frame_allocate(200);
//   leash::frame_release(memory, 200);

#include <cstddef>

namespace leash {

// Allocates from the calling thread's pool; throws std::bad_alloc.
void* frame_allocate(std::size_t size);
// `size` is the one given to frame_allocate. Any thread.
void frame_release(void* memory, std::size_t size) noexcept;

namespace detail {

// Objects of derived classes are allocated from the pool.
struct InFramePool {
  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }
};

}  // namespace detail
}  // namespace leash
