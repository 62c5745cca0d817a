// SPDX-License-Identifier: BSL-1.0
#include "leash/owner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <typeinfo>
#include <utility>
#include <vector>

#include "leash/co_spawn.hpp"
#include "leash/coroutines.hpp"

namespace leash {
namespace {

using asio::awaitable;
using asio::detached;
using asio::use_awaitable;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto never = asio::steady_timer::time_point::max();

awaitable<void> keep(asio::steady_timer& timer) { co_await timer.async_wait(use_awaitable); }
awaitable<int> answer() { co_return 42; }

std::vector<CoroutineInfo> of(asio::execution_context& context) {
  CoroutineFilter filter;
  filter.context = &context;
  return coroutines(filter);
}

TEST(OwnerTest, EndsOnceAndSaysWhy) {
  const Owner owner("conn 17");
  EXPECT_EQ(owner.label(), "conn 17");
  EXPECT_FALSE(owner.is_done());
  const Owner same = owner;
  same.end(std::make_error_code(std::errc::timed_out));
  EXPECT_TRUE(owner.is_done());
  owner.end();
  EXPECT_EQ(observe(owner).state->cause, std::errc::timed_out);
}

TEST(OwnerTest, EndsWithItsLastHandle) {
  std::optional<Owner> owner(std::in_place, "conn");
  const ObservedOwner observed = observe(*owner);
  std::optional<Owner> second(*owner);
  owner.reset();
  EXPECT_FALSE(observed.state->done());
  second.reset();
  EXPECT_TRUE(observed.state->done());
}

struct GoesWhenTold final : detail::OwnerWatcher {
  explicit GoesWhenTold(const Owner& o) : owner(o.shared_state()) {}
  ~GoesWhenTold() { owner->unwatch(place); }
  void owner_ended() override {
    ++*told;
    last->reset();
  }
  std::shared_ptr<detail::OwnerState> owner;
  detail::OwnerState::Watchers::iterator place;
  std::shared_ptr<GoesWhenTold>* last = nullptr;
  int* told = nullptr;
};

TEST(OwnerDeathTest, AMovedFromOwnerAborts) {
  Owner owner("conn 17");
  const Owner moved = std::move(owner);
  EXPECT_DEATH((void)owner.is_done(), "Owner used after it was moved from");
  EXPECT_DEATH(owner.end(), "Owner used after it was moved from");
  EXPECT_DEATH((void)observe(owner), "Owner used after it was moved from");
  EXPECT_EQ(moved.label(), "conn 17");
}

TEST(OwnerTest, NotifiesSelfDestroyingWatcher) {
  const Owner owner;
  int told = 0;
  auto watcher = std::make_shared<GoesWhenTold>(owner);
  watcher->last = &watcher;
  watcher->told = &told;
  watcher->place = owner.shared_state()->watch(watcher);
  owner.end();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(watcher, nullptr);
  EXPECT_THAT(owner.shared_state()->watchers, IsEmpty());
}

TEST(OwnerTest, CancelsItsCoroutines) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  Owner owner("conn 17");
  std::exception_ptr ended;
  co_spawn(owner, io, keep(timer), [&](std::exception_ptr e) { ended = std::move(e); });
  io.poll();
  ASSERT_THAT(of(io), SizeIs(1));
  EXPECT_EQ(of(io)[0].state, CoroutineState::owned);
  EXPECT_THAT(to_text(of(io)[0]), HasSubstr("owned by conn 17"));
  owner.end();
  io.poll();
  EXPECT_TRUE(ended) << "by operation_aborted";
  EXPECT_THAT(of(io), IsEmpty());
}

TEST(OwnerTest, OnlyObservedGivesTheVerdictAlone) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  Owner owner("conn 17");
  co_spawn(observe(owner), io, keep(timer), detached);
  io.poll();
  owner.end();
  io.poll();
  ASSERT_THAT(of(io), SizeIs(1));
  EXPECT_EQ(of(io)[0].state, CoroutineState::orphan);
  while (of(io)[0].state != CoroutineState::leaked) std::this_thread::yield();  // after the grace
  EXPECT_THAT(to_text(of(io)[0]), HasSubstr("leaked: conn 17 ended"));
  timer.cancel();
  io.poll();
}

awaitable<void> stubborn(asio::steady_timer& timer, int& waits) {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (int i = 0; i < 2; ++i) {
    try {
      co_await timer.async_wait(use_awaitable);
    } catch (const std::system_error&) {
      ++waits;
    }
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  }
}

TEST(OwnerTest, CancelsTheNextOperationAgain) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  Owner owner;
  int waits = 0;
  co_spawn(owner, io, stubborn(timer, waits), detached);
  io.poll();
  owner.end();
  io.poll();
  EXPECT_EQ(waits, 2);
  EXPECT_THAT(of(io), IsEmpty());
}

TEST(OwnerTest, CancelsNewCoroutinesWhenDone) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  const Owner owner;
  owner.end();
  bool ended = false;
  co_spawn(owner, io, keep(timer), [&](std::exception_ptr e) { ended = e != nullptr; });
  io.poll();
  EXPECT_TRUE(ended);
}

TEST(OwnerTest, PassesTheResultOn) {
  asio::io_context io;
  const Owner owner;
  auto future = co_spawn(owner, io.get_executor(), answer(), asio::use_future);
  io.poll();
  EXPECT_EQ(future.get(), 42);
  auto observed = co_spawn(observe(owner), io.get_executor(), answer(), asio::use_future);
  io.restart();
  io.poll();
  EXPECT_EQ(observed.get(), 42);
}

TEST(OwnerTest, PutsItsCoroutinesOnStrands) {
  asio::thread_pool pool(2);
  const asio::any_io_executor strand = asio::make_strand(pool);
  const auto executor_now = []() -> awaitable<asio::any_io_executor> {
    co_return co_await asio::this_coro::executor;
  };
  const Owner owner;
  const auto own = co_spawn(owner, pool, executor_now(), asio::use_future).get();
  EXPECT_EQ(own.target_type(), typeid(asio::strand<asio::any_io_executor>));
  EXPECT_EQ(co_spawn(owner, strand, executor_now(), asio::use_future).get(), strand);
  pool.join();
}

TEST(OwnerTest, CancelsFromAnyThreadOnAPool) {
  asio::thread_pool pool(4);
  std::vector<std::future<void>> all;
  for (int round = 0; round < 200; ++round) {
    auto timer = std::make_shared<asio::steady_timer>(pool, never);
    auto wait = [](std::shared_ptr<asio::steady_timer> t) -> awaitable<void> {
      for (;;) {
        t->expires_at(never);
        co_await t->async_wait(use_awaitable);
      }
    };
    Owner owner;
    all.push_back(co_spawn(owner, pool, wait(std::move(timer)), asio::use_future));
  }
  for (auto& each : all) EXPECT_THROW(each.get(), std::system_error);
  pool.join();
}

}  // namespace
}  // namespace leash
