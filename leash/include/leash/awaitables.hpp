// SPDX-License-Identifier: BSL-1.0
#pragma once
// Tracks every asio::awaitable of a program, without changes to its sources.
//
// What it is     replaces the promise types of asio::awaitable coroutines. The target leash::awaitables includes it
//                before everything else (-include); a source may also include it itself, as its first header.
// Requires       C++20, Asio 1.22 or newer, and leash::registry at link time. It is included before the source's own
//                #define ASIO_… lines: put such definitions on the command line.
// Guarantees     coroutines behave as without it. Executors: any_io_executor, those of io_context and thread_pool, and
//                strands of any executor; LEASH_TRACK_EXECUTOR adds others. Code that is compiled without it is not
//                tracked. Two versions of it in one program do not link.
// Threads        any number; leash/coroutines.hpp says which threads may read.
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
