// SPDX-License-Identifier: BSL-1.0
#pragma once
// A program must use one Asio. Code with another version of Asio, or with definitions that change its types, is not
// compatible with the library. It does not link, and the undefined reference names the difference.
//
// Threads        none; it is a check of the linker.
//
//   #include "leash/detail/one_asio.hpp"

#include "leash/detail/asio.hpp"

#ifdef LEASH_BOOST
#  include <boost/asio/version.hpp>
#else
#  include <asio/version.hpp>
#endif

namespace leash::detail {
inline namespace LEASH_FLAVOR {

#ifdef LEASH_BOOST
inline constexpr int asio_version = BOOST_ASIO_VERSION;
#else
inline constexpr int asio_version = ASIO_VERSION;
#endif
#if defined(LEASH_BOOST) ? defined(BOOST_ASIO_NO_DEPRECATED) : defined(ASIO_NO_DEPRECATED)
inline constexpr bool asio_no_deprecated = true;
#else
inline constexpr bool asio_no_deprecated = false;
#endif
#if defined(LEASH_BOOST) ? defined(BOOST_ASIO_HAS_THREADS) : defined(ASIO_HAS_THREADS)
inline constexpr bool asio_threads = true;
#else
inline constexpr bool asio_threads = false;
#endif
#if defined(LEASH_BOOST) ? defined(BOOST_ASIO_HAS_IO_URING) : defined(ASIO_HAS_IO_URING)
inline constexpr bool asio_io_uring = true;
#else
inline constexpr bool asio_io_uring = false;
#endif
#if defined(LEASH_BOOST) ? defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING) : defined(ASIO_ENABLE_HANDLER_TRACKING)
inline constexpr bool asio_handler_tracking = true;
#else
inline constexpr bool asio_handler_tracking = false;
#endif

// Defined in one_asio.cpp, for the Asio with which the library was compiled.
template <int Version, bool NoDeprecated, bool Threads, bool IoUring, bool HandlerTracking>
struct LeashWasCompiledWithAnotherAsio {
  static void here();
};

using OneAsio = LeashWasCompiledWithAnotherAsio<asio_version, asio_no_deprecated, asio_threads, asio_io_uring,
                                                asio_handler_tracking>;
[[gnu::used]] static void (*const one_asio)() = &OneAsio::here;

}  // namespace LEASH_FLAVOR
}  // namespace leash::detail
