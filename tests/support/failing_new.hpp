// SPDX-License-Identifier: BSL-1.0
#pragma once
// An operator new, and for Asio an aligned_alloc, that counts its calls and fails on demand. Linking it replaces the
// program's.
//
// Threads        each thread has its own count.
//
//   support::fail_allocation(3);  // three more succeed, the next one throws
//   ... what is tested ...
//   if (support::stop_failing()) ...  // it did throw

namespace support {

// One allocation fails. Later ones succeed, so that clean-up code can run.
void fail_allocation(int after) noexcept;
// True if one has failed since.
bool stop_failing() noexcept;

// How many this thread has made.
unsigned long allocations() noexcept;

}  // namespace support
