// SPDX-License-Identifier: BSL-1.0
#pragma once
// One program, one Asio: code that was compiled with another version of Asio, or with definitions that change its types, does
// not fit the library. Such a program does not link, and the undefined reference says what the library should have been.
//
// Threads        none: it is a check when the program is linked.
//
//   #include "leash/detail/one_asio.hpp"

#include <asio/detail/config.hpp>
#include <asio/version.hpp>

namespace leash::detail {

#ifdef ASIO_NO_DEPRECATED
inline constexpr bool asio_no_deprecated = true;
#else
inline constexpr bool asio_no_deprecated = false;
#endif
#ifdef ASIO_HAS_THREADS
inline constexpr bool asio_threads = true;
#else
inline constexpr bool asio_threads = false;
#endif
#ifdef ASIO_HAS_IO_URING
inline constexpr bool asio_io_uring = true;
#else
inline constexpr bool asio_io_uring = false;
#endif
#ifdef ASIO_ENABLE_HANDLER_TRACKING
inline constexpr bool asio_handler_tracking = true;
#else
inline constexpr bool asio_handler_tracking = false;
#endif

// Defined in one_asio.cpp for the Asio that the library was compiled with.
template <int Version, bool NoDeprecated, bool Threads, bool IoUring, bool HandlerTracking>
struct LeashWasCompiledWithAnotherAsio {
  static void here();
};

using OneAsio = LeashWasCompiledWithAnotherAsio<ASIO_VERSION, asio_no_deprecated, asio_threads, asio_io_uring,
                                                asio_handler_tracking>;
[[gnu::used]] static void (*const one_asio)() = &OneAsio::here;

}  // namespace leash::detail
