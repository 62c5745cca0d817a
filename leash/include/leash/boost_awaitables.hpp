// SPDX-License-Identifier: BSL-1.0
#pragma once
// Tracks every boost::asio::awaitable of a program, without a change of its sources.
//
// What it is     the promise types of boost::asio::awaitable coroutines, in place of Asio's own. The target leash::boost_awaitables
//                has it included before everything else (-include); it may also be included by hand, first.
// Requires       C++20, Boost 1.80 or newer, and leash::registry at link time. It comes before a source's own
//                #define BOOST_ASIO_…: such definitions belong on the command line.
// Guarantees     a coroutine behaves as it does without. Executors: any_io_executor, those of io_context and
//                thread_pool, and strands of any executor; LEASH_TRACK_BOOST_EXECUTOR names others. What is compiled without
//                it is not seen. Two versions of it in one program do not link.
// Threads        any number; see leash/coroutines.hpp for who may look.
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
