// SPDX-License-Identifier: BSL-1.0
// Asio 1.22 frees memory of aligned_alloc with operator delete.
extern "C" const char* __asan_default_options() { return "alloc_dealloc_mismatch=0"; }
