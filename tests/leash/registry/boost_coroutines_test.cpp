// SPDX-License-Identifier: BSL-1.0
// Coroutines of Boost.Asio beside those of standalone Asio, in one program and one registry.

#include "leash/boost_co_spawn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "leash/co_spawn.hpp"
#include "leash/coroutines.hpp"
#include "leash/gtest.hpp"

namespace leash {
namespace {

namespace net = boost::asio;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<CoroutineInfo> of(const void* context) {
  CoroutineFilter filter;
  filter.context = context;
  filter.patience = std::chrono::nanoseconds(0);
  return coroutines(filter);
}

using Channel = net::experimental::channel<void(boost::system::error_code, int)>;

net::awaitable<int> boosted_receive(Channel& channel) {
  co_return co_await channel.async_receive(net::use_awaitable);
}
net::awaitable<void> boosted_worker(Channel& channel) { (void)co_await boosted_receive(channel); }
net::awaitable<void> boosted_spawn(Channel& channel) {
  co_spawn(channel.get_executor(), boosted_worker(channel), net::detached);
  co_return;
}
asio::awaitable<void> standalone_wait(asio::steady_timer& timer) {
  co_await timer.async_wait(asio::use_awaitable);
}
net::awaitable<void> boosted_wait(net::steady_timer& timer) { co_await timer.async_wait(net::use_awaitable); }

TEST(BoostCoroutines, AreSeenBesideThoseOfAsio) {
  expect_leaks();
  net::io_context boosted;
  asio::io_context standalone;
  Channel channel(boosted);
  asio::steady_timer timer(standalone, asio::steady_timer::time_point::max());
  co_spawn(boosted, boosted_spawn(channel), net::detached);
  co_spawn(standalone, standalone_wait(timer), asio::detached);
  boosted.poll();
  standalone.poll();
  ASSERT_THAT(of(&boosted), SizeIs(1));
  const CoroutineInfo one = of(&boosted)[0];
  EXPECT_EQ(one.wait, WaitKind::chan_receive);
  EXPECT_EQ(one.state, CoroutineState::stray);
  EXPECT_EQ(one.spawned_by, "boosted_spawn");
  ASSERT_THAT(one.frames, SizeIs(2)) << "none of Boost's headers";
  EXPECT_EQ(one.frames[1].function, "boosted_worker");
  ASSERT_THAT(of(&standalone), SizeIs(1));
  EXPECT_EQ(of(&standalone)[0].wait, WaitKind::timer);
}

TEST(BoostCoroutines, HaveOwners) {
  net::io_context boosted;
  net::steady_timer timer(boosted, net::steady_timer::time_point::max());
  Owner owner("conn 17");
  leash::co_spawn(owner, boosted, boosted_wait(timer), net::detached);
  boosted.poll();
  ASSERT_THAT(of(&boosted), SizeIs(1));
  EXPECT_EQ(of(&boosted)[0].owner, "conn 17");
  owner.end();
  boosted.restart();
  boosted.poll();
  EXPECT_THAT(of(&boosted), IsEmpty());
}

}  // namespace
}  // namespace leash
