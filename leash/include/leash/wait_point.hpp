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
  none,  // running, or ready to run
  chan_receive,
  chan_send,
  select,
  sleep,
  io_wait,       // an Asio operation through via(ctx)
  wait_group,    // WaitGroup, and join of a scope
  context_done,  // ctx.done()
  asio,          // a foreign asio::awaitable
};
inline constexpr std::size_t wait_kinds = 9;

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
  }
  return "unknown";
}

}  // namespace leash
