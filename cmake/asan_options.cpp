// SPDX-License-Identifier: BSL-1.0
// Asio 1.22 frees with operator delete what it got from aligned_alloc.
extern "C" const char* __asan_default_options() { return "alloc_dealloc_mismatch=0"; }
