// SPDX-License-Identifier: BSL-1.0
#pragma once
// boost::asio::co_spawn with an owner.
//
// What it is     has the parameters and the result of Asio's co_spawn, with the owner first (leash/owner.hpp).
// Requires       C++20; reports of leaks need leash::boost_awaitables.
// Guarantees     when the owner ends, the coroutine gets a terminal cancellation on its executor, and again when its
//                next operation starts. With observe(owner) it gets none. The cancellation must not run concurrently
//                with the coroutine: with any_io_executor, the coroutine runs on a strand of its own unless its
//                executor is a strand already; any other executor must run one handler at a time.
// Threads        any.
// Lifetime       the coroutine refers to the owner's control block, but does not keep the owner alive.
//
//   leash::Owner owner("conn 17");
//   leash::co_spawn(owner, socket.get_executor(), session(std::move(socket)), boost::asio::detached);

#if __has_include(<boost/version.hpp>)
#  include <boost/version.hpp>
#endif
#if defined(BOOST_VERSION) && BOOST_VERSION >= 108000
#  include <boost/asio/any_io_executor.hpp>
#  include <boost/asio/associated_cancellation_slot.hpp>
#  include <boost/asio/associated_executor.hpp>
#  include <boost/asio/async_result.hpp>
#  include <boost/asio/awaitable.hpp>
#  include <boost/asio/cancellation_signal.hpp>
#  include <boost/asio/co_spawn.hpp>
#  include <boost/asio/execution_context.hpp>
#  include <boost/asio/io_context.hpp>
#  include <boost/asio/post.hpp>
#  include <boost/asio/strand.hpp>
#  include <boost/asio/thread_pool.hpp>

#  define LEASH_CO_SPAWN_ASIO boost::asio
#  define LEASH_CO_SPAWN_FLAVOR boosted
#  include "leash/detail/owned_coroutine.hpp"
#  undef LEASH_CO_SPAWN_ASIO
#  undef LEASH_CO_SPAWN_FLAVOR
#endif
