// SPDX-License-Identifier: BSL-1.0
#pragma once
// What a task is blocked on.
//
// What it is     the kinds of waits, and their names in reports, JSON and metrics.
// Guarantees     names do not change; a kind may be added.
// Threads        a plain value.
//
//   task 4711 [chan send, 3.2s] ...
//              ^^^^^^^^^  WaitKind, as text

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace leash {

enum class WaitKind : std::uint8_t {
  none,  ///< running, or ready to run
  chan_receive,
  chan_send,
  select,
  sleep,         ///< also an Asio timer with via(ctx)
  io_wait,       ///< an Asio operation with via(ctx) of no more specific type
  wait_group,    ///< WaitGroup, and join of a scope
  context_done,  ///< ctx.done()
  asio,          ///< a foreign asio::awaitable, or an operation of another kind
  /// Of operations of a known type:
  read,
  write,
  accept,
  connect,
  timer,  ///< of a coroutine; a task that waits for one sleeps
  signal,
  resolve,
  /// Of coroutines:
  group,        ///< several operations or coroutines at once
  coroutine,    ///< another tracked coroutine
  task,         ///< a leash::Task
  not_tracked,  ///< a coroutine of code that was compiled without tracking
};
inline constexpr std::size_t wait_kinds = 20;

constexpr std::string_view to_string(WaitKind kind) noexcept {
  switch (kind) {
    case WaitKind::none:
      return "runnable";
    case WaitKind::chan_receive:
      return "chan receive";
    case WaitKind::chan_send:
      return "chan send";
    case WaitKind::select:
      return "select";
    case WaitKind::sleep:
      return "sleep";
    case WaitKind::io_wait:
      return "IO wait";
    case WaitKind::wait_group:
      return "wait group";
    case WaitKind::context_done:
      return "context done";
    case WaitKind::asio:
      return "asio";
    case WaitKind::read:
      return "read";
    case WaitKind::write:
      return "write";
    case WaitKind::accept:
      return "accept";
    case WaitKind::connect:
      return "connect";
    case WaitKind::timer:
      return "timer";
    case WaitKind::signal:
      return "signal";
    case WaitKind::resolve:
      return "resolve";
    case WaitKind::group:
      return "group";
    case WaitKind::coroutine:
      return "coroutine";
    case WaitKind::task:
      return "task";
    case WaitKind::not_tracked:
      return "not tracked";
  }
  return "unknown";
}

}  // namespace leash
