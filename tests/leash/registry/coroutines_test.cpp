// SPDX-License-Identifier: BSL-1.0
#include "leash/coroutines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/system_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <csignal>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "leash/gtest.hpp"
#include "tests/leash/registry/untracked_coroutine.hpp"

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

// Their coroutines end with the io_context, and the listener of the tests would report this.
class CoroutinesTest : public testing::Test {
 protected:
  void SetUp() override { expect_leaks(); }
};

std::vector<CoroutineInfo> of(asio::execution_context& context) {
  CoroutineFilter filter;
  filter.context = &context;
  filter.patience = 0ms;
  return coroutines(filter);
}
std::vector<std::string> functions_of(const CoroutineInfo& coroutine) {
  std::vector<std::string> functions;
  for (const CoroutinePlace& frame : coroutine.frames) functions.push_back(frame.function);
  return functions;
}
// "[state] site" of each, oldest first.
std::vector<std::string> states_of(asio::execution_context& context) {
  std::vector<std::string> states;
  for (const CoroutineInfo& each : of(context))
    states.push_back(std::string(to_string(each.state)) + " " + each.site.function);
  return states;
}

awaitable<int> wait_for(asio::steady_timer& timer) {
  co_await timer.async_wait(use_awaitable);
  co_return 1;
}
awaitable<void> wait_twice(asio::steady_timer& timer) {
  co_await wait_for(timer);
  co_await wait_for(timer);
}

TEST_F(CoroutinesTest, ShowTheChainOfAwaitsWithLines) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  co_spawn(io, wait_twice(timer), detached);
  io.poll();
  const std::vector<CoroutineInfo> all = of(io);
  ASSERT_THAT(all, SizeIs(1));
  const CoroutineInfo& one = all.front();
  EXPECT_THAT(functions_of(one), ElementsAre("wait_for", "wait_twice"));
  EXPECT_THAT(one.frames[0].file, testing::EndsWith("coroutines_test.cpp"));
  EXPECT_EQ(one.frames[1].line, one.frames[0].line + 4) << "each at its co_await";
  EXPECT_EQ(one.site.function, "wait_twice");
  EXPECT_EQ(one.wait, WaitKind::timer);
  EXPECT_EQ(one.state, CoroutineState::detached) << "nothing spawned it";
  EXPECT_TRUE(one.has_started);
  timer.cancel();
  io.poll();
  EXPECT_THAT(of(io), IsEmpty()) << "the exception of the cancel ended it";
}

TEST_F(CoroutinesTest, AreSeenBeforeTheyStart) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  const std::vector<std::uint64_t> before = coroutine_ids();
  {
    awaitable<int> made = wait_for(timer);
    CoroutineFilter filter;
    filter.without = before;
    const auto all = coroutines(filter);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_FALSE(all[0].has_started);
    EXPECT_THAT(to_text(all[0]), HasSubstr("not started"));
  }
  EXPECT_EQ(coroutine_ids(), before);
}

using Channel = asio::experimental::channel<void(std::error_code, int)>;
using Local = asio::local::stream_protocol;

awaitable<void> accept(asio::ip::tcp::acceptor& acceptor) {
  (void)co_await acceptor.async_accept(use_awaitable);
}
awaitable<void> receive(Channel& channel) { (void)co_await channel.async_receive(use_awaitable); }
awaitable<void> send(Channel& channel) { co_await channel.async_send(std::error_code(), 1, use_awaitable); }
awaitable<void> read(Local::socket& socket) {
  std::string line;
  co_await asio::async_read_until(socket, asio::dynamic_buffer(line), '\n', use_awaitable);
}
awaitable<void> read_some(Local::socket& socket) {
  char byte;
  co_await socket.async_receive(asio::buffer(&byte, 1), use_awaitable);
}
awaitable<void> write(Local::socket& socket) {
  const std::string much(1 << 22, 'x');
  co_await asio::async_write(socket, asio::buffer(much), use_awaitable);
}
awaitable<void> ready(Local::socket& socket) {
  co_await socket.async_wait(Local::socket::wait_read, use_awaitable);
}
awaitable<void> signaled(asio::signal_set& signals) { (void)co_await signals.async_wait(use_awaitable); }
awaitable<void> either(asio::steady_timer& timer, asio::signal_set& signals) {
  using namespace asio::experimental::awaitable_operators;
  co_await (timer.async_wait(use_awaitable) || signals.async_wait(use_awaitable));
}
awaitable<void> join(asio::steady_timer& timer) {
  (void)co_await co_spawn(timer.get_executor(), wait_for(timer), use_awaitable);
}

// An operation of a program: its name says that it waits, but not for what.
struct Event {
  struct initiate_async_wait {
    template <class Handler>
    void operator()(Handler&& handler) const {
      asio::post(event->io, std::forward<Handler>(handler));
    }
    Event* event;
  };
  template <class Token>
  auto async_wait(Token&& token) {
    return asio::async_initiate<Token, void()>(initiate_async_wait{this}, token);
  }
  asio::io_context& io;
};
awaitable<void> wait_for_event(Event& event) { co_await event.async_wait(use_awaitable); }

TEST_F(CoroutinesTest, NameTheKindOfOperation) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  asio::system_timer wall_clock(io, asio::system_timer::time_point::max());
  asio::signal_set signals(io, SIGUSR2);
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  Channel channel(io);
  Channel full(io);
  Local::socket left(io);
  Local::socket right(io);
  asio::local::connect_pair(left, right);
  std::vector<std::uint64_t> seen;
  const auto kind = [&](awaitable<void> coroutine) {
    co_spawn(io, std::move(coroutine), detached);
    io.poll();
    CoroutineFilter filter;
    filter.context = &io;
    filter.without = seen;
    const auto all = coroutines(filter);
    for (const CoroutineInfo& each : all) seen.push_back(each.id);
    return all.empty() ? WaitKind::none : all.front().wait;
  };
  EXPECT_EQ(kind(accept(acceptor)), WaitKind::accept);
  EXPECT_EQ(kind(receive(channel)), WaitKind::chan_receive);
  EXPECT_EQ(kind(send(full)), WaitKind::chan_send);
  EXPECT_EQ(kind(read(left)), WaitKind::read);
  EXPECT_EQ(kind(read_some(left)), WaitKind::read);
  EXPECT_EQ(kind(write(left)), WaitKind::write);
  EXPECT_EQ(kind(ready(left)), WaitKind::io_wait);
  asio::io_context not_run;
  Event event{not_run};
  EXPECT_EQ(kind(wait_for_event(event)), WaitKind::asio);
  EXPECT_EQ(kind(signaled(signals)), WaitKind::signal);
  EXPECT_EQ(kind(either(timer, signals)), WaitKind::group);
  EXPECT_EQ(kind(join(timer)), WaitKind::coroutine);
  EXPECT_EQ(kind(untracked::wait(wall_clock)), WaitKind::none) << "not seen";
  const auto awaits_untracked = [](asio::system_timer& t) -> awaitable<void> { co_await untracked::wait(t); };
  EXPECT_EQ(kind(awaits_untracked(wall_clock)), WaitKind::not_tracked);
  EXPECT_EQ(kind(untracked::run(wait_twice(timer))), WaitKind::timer);
}

awaitable<void> keep(asio::steady_timer& timer) { co_await timer.async_wait(use_awaitable); }
awaitable<void> answer(asio::steady_timer& child) {
  co_spawn(child.get_executor(), keep(child), detached);
  co_return;
}
awaitable<void> session(asio::steady_timer& own, asio::steady_timer& child, bool twice = false) {
  co_await answer(child);
  if (twice)
    co_spawn(
        child.get_executor(), [&]() -> awaitable<void> { co_await keep(child); }, detached);
  co_await own.async_wait(use_awaitable);
}

TEST_F(CoroutinesTest, AreStrayWhenTheirSpawnerHasEnded) {
  asio::io_context io;
  asio::steady_timer own(io, never);
  asio::steady_timer child(io, never);
  co_spawn(io, session(own, child, true), [](std::exception_ptr) {});
  io.poll();
  EXPECT_THAT(states_of(io), testing::UnorderedElementsAre("detached session", "spawned keep",
                                                           testing::StartsWith("spawned session")))
      << "the spawner is the root, not the frame that ended, and it is known after what it started ran";
  own.cancel();
  io.poll();
  EXPECT_THAT(states_of(io),
              testing::UnorderedElementsAre("stray keep", testing::StartsWith("stray session")));
  const CoroutineInfo one = of(io).front();
  EXPECT_EQ(one.spawned_by, "session");
  EXPECT_TRUE(one.spawner_ended_for);
  CoroutineFilter patient;
  patient.context = &io;
  patient.state = CoroutineState::stray;
  EXPECT_THAT(coroutines(patient), IsEmpty()) << "within the patience";
  child.cancel();
  io.poll();
  EXPECT_THAT(of(io), IsEmpty());
}

TEST_F(CoroutinesTest, KnowTheSpawnerOfDeferredLambda) {
  asio::io_context io;
  asio::io_context other;
  asio::steady_timer timer(other, never);
  const auto spawn_elsewhere = [](asio::io_context& where, asio::steady_timer& t) -> awaitable<void> {
    co_spawn(
        where, [&t]() -> awaitable<void> { co_await keep(t); }, detached);
    co_return;
  };
  co_spawn(io, spawn_elsewhere(other, timer), detached);
  io.poll();
  other.poll();
  ASSERT_THAT(of(other), SizeIs(1));
  EXPECT_EQ(of(other)[0].state, CoroutineState::stray);
  EXPECT_THAT(of(other)[0].spawned_by, HasSubstr("KnowTheSpawner"));
}

awaitable<void> background_work(asio::steady_timer& timer) { co_await timer.async_wait(use_awaitable); }

TEST_F(CoroutinesTest, OfBackgroundFunctionsAreNeverStray) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  const auto accept_one = [](asio::steady_timer& t) -> awaitable<void> {
    co_spawn(t.get_executor(), background_work(t), detached);
    co_return;
  };
  co_spawn(io, accept_one(timer), detached);
  io.poll();
  EXPECT_THAT(states_of(io), ElementsAre("stray background_work"));
  background("background_w*");
  EXPECT_THAT(states_of(io), ElementsAre("detached background_work"));
}

awaitable<void> labeled(asio::steady_timer& timer, std::uint64_t& id) {
  label("conn \"17\"\n");
  id = current_coroutine();
  co_await timer.async_wait(use_awaitable);
}

TEST_F(CoroutinesTest, HaveALabel) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  std::uint64_t id = 0;
  EXPECT_EQ(current_coroutine(), 0u);
  co_spawn(io, labeled(timer, id), detached);
  io.poll();
  EXPECT_EQ(current_coroutine(), 0u);
  ASSERT_THAT(of(io), SizeIs(1));
  EXPECT_EQ(of(io)[0].id, id);
  EXPECT_EQ(of(io)[0].label, "conn \"17\"\n");
  EXPECT_THAT(to_text(of(io)[0]), HasSubstr("\"conn \\\"17\\\"\\n\""));
}

template <class Executor>
awaitable<void, Executor> typed(
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                               Executor>& t) {
  co_await t.async_wait(asio::use_awaitable_t<Executor>());
}
template <class Executor>
using TimerOn = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>, Executor>;

TEST_F(CoroutinesTest, OfOtherExecutorsAreSeen) {
  asio::io_context io;
  const auto see = [&](auto executor) {
    io.restart();
    TimerOn<decltype(executor)> timer(executor, never);
    co_spawn(executor, typed<decltype(executor)>(timer), detached);
    io.poll();
    const auto all = of(io);
    const bool seen = all.size() == 1 && all[0].wait == WaitKind::timer;
    timer.cancel();
    io.poll();
    return seen && of(io).empty();
  };
  EXPECT_TRUE(see(io.get_executor()));
  EXPECT_TRUE(see(asio::make_strand(io)));
  EXPECT_TRUE(see(asio::strand<asio::any_io_executor>(io.get_executor())));
  EXPECT_TRUE(see(asio::any_io_executor(io.get_executor())));
  asio::thread_pool pool(1);
  using OfPool = asio::thread_pool::executor_type;
  TimerOn<OfPool> timer(pool.get_executor(), never);
  co_spawn(pool, typed<OfPool>(timer), detached);
  while (of(pool).empty() || of(pool)[0].wait != WaitKind::timer) std::this_thread::yield();
  asio::post(pool, [&] { timer.cancel(); });
  pool.join();
  EXPECT_THAT(of(pool), IsEmpty());
}

awaitable<void> throws() {
  throw std::runtime_error("thrown");
  co_return;
}

TEST_F(CoroutinesTest, AreCountedBySite) {
  const auto count = [](std::string_view function) {
    CoroutineSite sum;
    for (const CoroutineSite& site : coroutine_sites()) {
      if (site.place.function == function) sum = site;
    }
    return sum;
  };
  const CoroutineSite before = count("keep");
  {
    asio::io_context io;
    asio::steady_timer timer(io, never);
    for (int i = 0; i < 3; ++i) co_spawn(io, keep(timer), detached);
    co_spawn(io, throws(), [](std::exception_ptr) {});
    io.poll();
    EXPECT_EQ(count("keep").live() - before.live(), 3u);
    EXPECT_GT(count("keep").frame_bytes, before.frame_bytes);
    timer.cancel_one();
    io.poll();
    EXPECT_EQ(count("keep").finished[1] - before.finished[1], 1u) << "by the exception of the cancel";
  }
  EXPECT_EQ(count("keep").live(), before.live());
  EXPECT_EQ(count("keep").finished[2] - before.finished[2], 2u) << "destroyed with their io_context";
  EXPECT_EQ(count("keep").frame_bytes, before.frame_bytes);
  EXPECT_EQ(count("throws").finished[1], 1u);
}

TEST_F(CoroutinesTest, AreGroupedInSlices) {
  asio::io_context io;
  asio::steady_timer timer(io, never);
  for (int i = 0; i < 1000; ++i) co_spawn(io, wait_twice(timer), detached);
  io.poll();
  CoroutineFilter filter;
  filter.context = &io;
  CoroutineGrouping grouping(filter);
  int slices = 1;
  while (grouping.go_on(0ns)) ++slices;
  EXPECT_GT(slices, 10);
  const auto groups = grouping.take();
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_EQ(groups[0].count, 1000u);
  EXPECT_EQ(groups[0].frame_bytes, 1000 * groups[0].oldest.frame_bytes);
  EXPECT_THAT(coroutine_dump(filter), HasSubstr("1000 coroutines like this one"));
}

awaitable<int> leaf(asio::strand<asio::any_io_executor> a) {
  co_await asio::post(a, use_awaitable);
  co_return 1;
}
awaitable<void> wander(asio::any_io_executor pool, std::atomic<int>& ended, int children) {
  const asio::strand<asio::any_io_executor> strand(pool);
  for (int i = 0; i < 20; ++i) {
    co_await leaf(strand);
    co_await asio::post(pool, use_awaitable);
    if (i < children) co_spawn(pool, wander(pool, ended, 0), detached);
  }
  ++ended;
}

TEST_F(CoroutinesTest, MoveBetweenThreadsWhileOthersLook) {
  const auto before = coroutine_ids();
  std::atomic<int> ended{0};
  {
    asio::thread_pool pool(4);
    for (int i = 0; i < 100; ++i) co_spawn(pool, wander(pool.get_executor(), ended, 5), detached);
    std::size_t looks = 0;
    while (ended.load() < 600) {
      CoroutineFilter filter;
      filter.context = &pool;
      filter.patience = 0ms;
      for (const CoroutineInfo& each : coroutines(filter)) {
        ASSERT_LE(each.frames.size(), 2u);
        ASSERT_EQ(each.site.function, "wander");
        ++looks;
      }
      (void)coroutine_sites();
    }
    pool.join();
    EXPECT_GT(looks, 0u);
  }
  EXPECT_EQ(coroutine_ids(), before);
}

}  // namespace
}  // namespace leash
