// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the operating system and the allocator say about this process (Linux).
//
//   process::Metrics now = process::metrics();

#include <cstdint>

namespace process {

struct Metrics {
  std::uint64_t resident_bytes = 0;
  std::uint64_t heap_bytes = 0;  // in use, of malloc's
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  std::uint64_t threads = 0;
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // since the epoch
};

Metrics metrics();

// Only this, and cheaply.
double start_time_seconds();
std::uint64_t resident_bytes() noexcept;
std::uint64_t heap_bytes() noexcept;
std::uint64_t max_open_fds() noexcept;

// What has been freed goes back to the system, as far as whole pages are free: malloc keeps it otherwise.
void return_free_memory() noexcept;

// As many file descriptors as the process may have: shells and service managers often start one with fewer.
void raise_max_open_fds() noexcept;

}  // namespace process
