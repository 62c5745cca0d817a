// SPDX-License-Identifier: BSL-1.0
#pragma once
// Coroutines of a source that is compiled without tracking. No tracked source awaits a system_timer. Otherwise its
// templates would be compiled in both ways, and the linker would keep one of them.

#include <asio/awaitable.hpp>
#include <asio/system_timer.hpp>

namespace untracked {

asio::awaitable<void> wait(asio::system_timer& timer);
asio::awaitable<void> run(asio::awaitable<void> inner);

}  // namespace untracked
