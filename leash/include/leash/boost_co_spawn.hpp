// SPDX-License-Identifier: BSL-1.0
#pragma once
// boost::asio::co_spawn with an owner.
//
// What it is     the same shape and the same result as Asio's, with the owner first (leash/owner.hpp).
// Requires       C++20; the verdict needs leash::boost_awaitables.
// Guarantees     when the owner ends, the coroutine gets a terminal cancellation on its executor, and again when its
//                next operation starts. With observe(owner) it gets none. A cancellation must not meet the coroutine on
//                two threads at once: a coroutine of any_io_executor runs on a strand of its own unless its executor is
//                one; any other executor has to run one handler at a time.
// Threads        any.
// Lifetime       the coroutine refers to the owner's block, and does not keep the owner from ending.
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
