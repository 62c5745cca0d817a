// SPDX-License-Identifier: BSL-1.0
// Plain Asio, compiled by bench/awaitables without and with tracking: CPU time in ns to start and end a coroutine, and for a
// step on two threads, each with an io_context of its own. One thread makes all coroutines, for both in turn.
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <ctime>
#include <thread>
#include <vector>

namespace {

constexpr int coroutines = 400'000;
constexpr int sessions = 64;
constexpr int steps = 10'000;
constexpr int threads = 2;

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

asio::awaitable<void> nothing() { co_return; }

asio::awaitable<void> spawn_many(asio::io_context& io, int number) {
  for (int i = 0; i < number; ++i) {
    asio::co_spawn(io, nothing(), asio::detached);
    if (i % 100 == 99) co_await asio::post(io, asio::use_awaitable);  // so that what was started ends
  }
}

asio::awaitable<void> take_steps(asio::io_context& io) {
  for (int i = 0; i < steps; ++i) co_await asio::post(io, asio::use_awaitable);
}

}  // namespace

int main() {
  asio::io_context io;
  asio::co_spawn(io, spawn_many(io, coroutines / 10), asio::detached);  // warms up
  io.run();
  io.restart();
  asio::co_spawn(io, spawn_many(io, coroutines), asio::detached);
  double before = cpu_nanoseconds();
  io.run();
  std::printf("start_and_end %.1f\n", (cpu_nanoseconds() - before) / coroutines);

  std::array<asio::io_context, threads> own;
  for (int i = 0; i < sessions; ++i)
    asio::co_spawn(own[i % threads], take_steps(own[i % threads]), asio::detached);
  before = cpu_nanoseconds();
  std::vector<std::thread> pool;
  for (asio::io_context& each : own) pool.emplace_back([&each] { each.run(); });
  for (std::thread& thread : pool) thread.join();
  std::printf("step_on_two_threads %.1f\n", (cpu_nanoseconds() - before) / (double{steps} * sessions));
}
