// SPDX-License-Identifier: BSL-1.0
#pragma once
// Coroutines of a source that is compiled without tracking. No tracked source awaits a system_timer: what an operation
// is made of would exist in both ways, and the linker takes one of them.

#include <asio/awaitable.hpp>
#include <asio/system_timer.hpp>

namespace untracked {

asio::awaitable<void> wait(asio::system_timer& timer);
asio::awaitable<void> run(asio::awaitable<void> inner);

}  // namespace untracked
