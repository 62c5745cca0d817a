// SPDX-License-Identifier: BSL-1.0
#include "bench/allocations.hpp"

#include <cstdlib>
#include <new>

#include "leash/metrics.hpp"

namespace {
std::size_t calls = 0;  // the benchmarks have one thread
}

void* operator new(std::size_t size) {
  ++calls;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace leash::bench {

std::size_t allocations() noexcept {
  constexpr std::size_t block_bytes = 64 * 1024;
  return calls + frame_pool_usage().mapped_bytes / block_bytes;
}

}  // namespace leash::bench
