// SPDX-License-Identifier: BSL-1.0
#pragma once
// Tracks every boost::asio::awaitable of a program, without changes to its sources.
//
// What it is     replaces the promise types of boost::asio::awaitable coroutines. The target leash::boost_awaitables
//                includes it before everything else (-include); a source may also include it itself, as its first header.
// Requires       C++20, Boost 1.80 or newer, and leash::registry at link time. It is included before the source's own
//                #define BOOST_ASIO_… lines: put such definitions on the command line.
// Guarantees     coroutines behave as without it. Executors: any_io_executor, those of io_context and thread_pool, and
//                strands of any executor; LEASH_TRACK_BOOST_EXECUTOR adds others. Code that is compiled without it is
//                not tracked. Two versions of it in one program do not link.
// Threads        any number; leash/coroutines.hpp says which threads may read.
// Lifetime       a coroutine is tracked until its frames are destroyed.
//
//   // CMake: target_link_libraries(service PRIVATE leash::boost_awaitables)
//   boost::asio::awaitable<void> session(boost::asio::ip::tcp::socket socket);  // unchanged
//   LEASH_TRACK_BOOST_EXECUTOR(my::executor)                            // in a header that all sources include

#include "leash/detail/tracking.hpp"

#if __has_include(<boost/version.hpp>)
#  include <boost/version.hpp>
#endif
#if LEASH_TRACKING && defined(BOOST_VERSION) && BOOST_VERSION >= 108000
#  include <boost/asio/any_io_executor.hpp>
#  include <boost/asio/awaitable.hpp>
#  include <boost/asio/execution/context_as.hpp>
#  include <boost/asio/io_context.hpp>
#  include <boost/asio/query.hpp>
#  include <boost/asio/strand.hpp>
#  include <boost/asio/thread_pool.hpp>
#  include <boost/asio/use_awaitable.hpp>

#  if defined(BOOST_ASIO_HAS_CO_AWAIT)
#    define LEASH_AWAITABLES_ASIO boost::asio
#    define LEASH_AWAITABLES_FLAVOR boosted
#    define LEASH_AWAITABLES_NUMBER 1
#    include "leash/detail/awaitable_promise.hpp"
#    undef LEASH_AWAITABLES_ASIO
#    undef LEASH_AWAITABLES_FLAVOR
#    undef LEASH_AWAITABLES_NUMBER
#    define LEASH_TRACK_BOOST_EXECUTOR(...) LEASH_DETAIL_TRACK_EXECUTOR(boost::asio, boosted, __VA_ARGS__)
#  else
#    define LEASH_TRACK_BOOST_EXECUTOR(...)
#  endif
#else
#  define LEASH_TRACK_BOOST_EXECUTOR(...)
#endif
