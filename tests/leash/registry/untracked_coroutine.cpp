// SPDX-License-Identifier: BSL-1.0
#include "tests/leash/registry/untracked_coroutine.hpp"

#include <asio/use_awaitable.hpp>
#include <utility>

namespace untracked {

asio::awaitable<void> wait(asio::system_timer& timer) { co_await timer.async_wait(asio::use_awaitable); }
asio::awaitable<void> run(asio::awaitable<void> inner) { co_await std::move(inner); }

}  // namespace untracked
