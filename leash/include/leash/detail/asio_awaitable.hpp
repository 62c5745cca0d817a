// SPDX-License-Identifier: BSL-1.0
#pragma once
// What leash needs of Asio for coroutines of its type awaitable; leash/detail/asio.hpp says which Asio. Internal.

#include "leash/detail/asio.hpp"

#ifdef LEASH_BOOST
#  include <boost/asio/awaitable.hpp>
#  include <boost/asio/co_spawn.hpp>
#  include <boost/asio/execution/context_as.hpp>
#  include <boost/asio/execution_context.hpp>
#  include <boost/asio/post.hpp>
#  include <boost/asio/query.hpp>
#  include <boost/asio/use_awaitable.hpp>

#  include "leash/boost_co_spawn.hpp"
#else
#  include <asio/awaitable.hpp>
#  include <asio/co_spawn.hpp>
#  include <asio/execution/context_as.hpp>
#  include <asio/execution_context.hpp>
#  include <asio/post.hpp>
#  include <asio/query.hpp>
#  include <asio/use_awaitable.hpp>

#  include "leash/co_spawn.hpp"
#endif

namespace leash::detail {
inline namespace LEASH_FLAVOR {
#ifdef LEASH_BOOST
namespace of_coroutines = boosted;
#else
namespace of_coroutines = standalone;
#endif
}  // namespace LEASH_FLAVOR
}  // namespace leash::detail
