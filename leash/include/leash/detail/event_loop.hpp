// SPDX-License-Identifier: BSL-1.0
#pragma once
// The event loop that runs a Loop: an io_context of Asio or of Boost.Asio. Internal: what keeps the library itself free of
// both. Each flavor of the library implements it beside its Loop.
//
// Requires       it is destroyed after the io_context has run or dropped every handler of it.
// Guarantees     post_turn, and wait_until after close(), never fail. post_turn and wait_until allocate nothing.
// Threads        the loop's, unless a line says otherwise.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <system_error>

#include "leash/clock.hpp"

namespace leash::detail {

class LoopState;

enum class Flavor : std::uint8_t { asio, boost };

class EventLoop {
 public:
  EventLoop() = default;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  virtual ~EventLoop() = default;

  virtual Flavor flavor() const noexcept = 0;
  // The io_context, as the execution_context that it derives from. By this address the registry of coroutines knows it.
  virtual void* execution_context() const noexcept = 0;

  // Runs a turn of the loop in a handler of its own. No effect while one is posted.
  virtual void post_turn(LoopState& loop) noexcept = 0;
  // Fires the loop's timers then. While a wait is pending, it ends that one at once, and the loop asks again. Throws
  // std::bad_alloc.
  virtual void wait_until(LoopState& loop, TimePoint when) = 0;
  virtual void stop_waiting() = 0;
  virtual void post(std::move_only_function<void()> f) = 0;  // any thread
  virtual void hold_work() noexcept = 0;                     // any thread, one at a time
  virtual void release_work() noexcept = 0;                  // likewise
  // The end of the Loop: the io_context is touched no more.
  virtual void close() noexcept = 0;

  // As io_context has them.
  virtual bool runs_in_this_thread() const noexcept = 0;  // any thread
  virtual bool stopped() const noexcept = 0;              // any thread
  virtual void stop() noexcept = 0;
  virtual void restart() noexcept = 0;
  virtual std::size_t run() = 0;
  virtual std::size_t poll() = 0;
  virtual std::size_t poll_one() = 0;
  virtual std::size_t run_for(std::chrono::nanoseconds time) = 0;
  virtual std::size_t run_one_for(std::chrono::nanoseconds time) = 0;

  // The error that an exception carries, if it is the flavor's own system_error; any thread.
  virtual std::error_code error_in(const std::exception_ptr& exception) const noexcept = 0;
};

}  // namespace leash::detail
