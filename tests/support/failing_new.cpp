// SPDX-License-Identifier: BSL-1.0
#include "tests/support/failing_new.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {
thread_local int allocations_left = -1;  // allocations that still succeed; negative: all
thread_local bool one_has_failed = false;
thread_local unsigned long made = 0;

bool may_allocate() noexcept {
  if (allocations_left == 0) {
    allocations_left = -1;
    one_has_failed = true;
    return false;
  }
  if (allocations_left > 0) --allocations_left;
  ++made;
  return true;
}

void count_allocation() {
  if (!may_allocate()) throw std::bad_alloc();
}

}  // namespace

namespace support {

void fail_allocation(int after) noexcept {
  allocations_left = after;
  one_has_failed = false;
}

bool stop_failing() noexcept {
  allocations_left = -1;
  return one_has_failed;
}

unsigned long allocations() noexcept { return made; }

}  // namespace support

extern "C" void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
extern "C" void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {  // for the linker's --wrap
  return may_allocate() ? __real_aligned_alloc(alignment, size) : nullptr;
}

#ifdef LEASH_WRAP_NEW  // the linker's --wrap redirects calls of operator new to this
extern "C" void* __real__Znwm(std::size_t size);
extern "C" void* __wrap__Znwm(std::size_t size) {
  count_allocation();
  return __real__Znwm(size);
}
#else
void* operator new(std::size_t size) {
  count_allocation();
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
