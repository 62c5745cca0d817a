// SPDX-License-Identifier: BSL-1.0
#pragma once
// Tracks every asio::awaitable of a program, without a change of its sources.
//
// What it is     the promise types of asio::awaitable coroutines, in place of Asio's own. The target leash::awaitables
//                has it included before everything else (-include); it may also be included by hand, first.
// Requires       C++20, Asio 1.22 or newer, and leash::registry at link time. It comes before a source's own
//                #define ASIO_…: such definitions belong on the command line.
// Guarantees     a coroutine behaves as it does without. Executors: any_io_executor, those of io_context and
//                thread_pool, and strands of any executor; LEASH_TRACK_EXECUTOR names others. What is compiled without
//                it is not seen. Two versions of it in one program do not link.
// Threads        any number; see leash/coroutines.hpp for who may look.
// Lifetime       a coroutine is tracked until its frames are destroyed.
//
//   // CMake: target_link_libraries(service PRIVATE leash::awaitables)
//   asio::awaitable<void> session(asio::ip::tcp::socket socket);  // unchanged
//   LEASH_TRACK_EXECUTOR(my::executor)                            // in a header that all sources include

#include "leash/detail/tracking.hpp"

#if LEASH_TRACKING
#  include <asio/any_io_executor.hpp>
#  include <asio/awaitable.hpp>
#  include <asio/execution/context_as.hpp>
#  include <asio/io_context.hpp>
#  include <asio/query.hpp>
#  include <asio/strand.hpp>
#  include <asio/thread_pool.hpp>
#  include <asio/use_awaitable.hpp>

#  if defined(ASIO_HAS_CO_AWAIT)
#    define LEASH_AWAITABLES_ASIO asio
#    define LEASH_AWAITABLES_FLAVOR standalone
#    define LEASH_AWAITABLES_NUMBER 0
#    include "leash/detail/awaitable_promise.hpp"
#    undef LEASH_AWAITABLES_ASIO
#    undef LEASH_AWAITABLES_FLAVOR
#    undef LEASH_AWAITABLES_NUMBER
#    define LEASH_TRACK_EXECUTOR(...) LEASH_DETAIL_TRACK_EXECUTOR(asio, standalone, __VA_ARGS__)
#  else
#    define LEASH_TRACK_EXECUTOR(...)
#  endif
#else
#  define LEASH_TRACK_EXECUTOR(...)
#endif
