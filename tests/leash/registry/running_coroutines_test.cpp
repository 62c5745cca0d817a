// SPDX-License-Identifier: BSL-1.0
#include "leash/src/registry/running_coroutines.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>

namespace leash::detail {
namespace {

using asio::awaitable;
using asio::use_awaitable;

std::optional<RunningCoroutine> on_this_thread() {
  for (const RunningCoroutine& running : running_coroutines()) {
    if (running.thread == ::gettid()) return running;
  }
  return std::nullopt;
}

awaitable<RunningCoroutine> inner() { co_return on_this_thread().value(); }

awaitable<void> outer(asio::io_context& io, bool& ended) {
  const RunningCoroutine first = on_this_thread().value();
  const RunningCoroutine again = on_this_thread().value();
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.frame, first.frame);
  EXPECT_EQ(again.since, first.since) << "it has awaited nothing";

  asio::post(io, [] { EXPECT_FALSE(on_this_thread()) << "it waits"; });
  co_await asio::post(io, use_awaitable);
  const RunningCoroutine later = on_this_thread().value();
  EXPECT_EQ(later.frame, first.frame);
  EXPECT_TRUE(later.since != first.since || first.in_this_tick) << "taken for the same";

  const RunningCoroutine nested = co_await inner();
  EXPECT_EQ(nested.id, first.id);
  EXPECT_NE(nested.frame, first.frame);
  ended = true;
}

TEST(RunningCoroutines, StayTheSameUntilTheyAwaitSomething) {
  asio::io_context io;
  bool ended = false;
  asio::co_spawn(io, outer(io, ended), asio::detached);
  io.run();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(on_this_thread());
}

}  // namespace
}  // namespace leash::detail
