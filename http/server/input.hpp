// SPDX-License-Identifier: BSL-1.0
#pragma once
// The bytes that a client has sent and that are not parsed yet.
//
// What it is     a task that reads the socket into a buffer of 64 KiB, even while the handler runs, so that the end of the
//                client is noticed. Pipelined requests wait in the buffer.
// Guarantees     a view returned by unread() stays valid until all of it is consumed and unread() is called again. The
//                end of the client is noticed even when the buffer is full. Requests that were complete by then, and can
//                be served without waiting, are served before on_close is called. Buffered bytes are charged to the
//                memory budget, and an idle connection keeps little memory.
// Threads        the connection's loop's.
// Lifetime       outlives the task of read().
//
//   s.go(input.read(s.ctx()), "reader");
//   while (input.unread().empty()) {
//     auto more = co_await input.wait(ctx);
//     if (!more) co_return std::unexpected(more.error());  // the client sends no more, or ctx is done
//   }
//   input.consume(parser.feed(input.unread()).consumed);

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "http/server/hangup_watch.hpp"
#include "http/server/limits/memory_budget.hpp"
#include "http/transport/socket.hpp"
#include "leash/channel.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/done.hpp"
#include "leash/error.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace http::server {

class Input {
 public:
  static constexpr std::size_t capacity = 64 * 1024;

  // `on_close` is called when the client has closed its sending side or the whole connection. If it returns true, the
  // client still gets responses, and on_close is called again when the client closes the connection.
  Input(Socket& socket, const leash::Loop& loop, HangupWatch& watch, MemoryBudget& memory,
        std::function<bool()> on_close)
      : socket_(socket), loop_(loop), watch_(watch), charge_(memory), on_close_(std::move(on_close)) {}

  // Runs until no more bytes can come, or ctx is done.
  leash::Task<> read(leash::Context ctx);

  std::span<const char> unread() noexcept;
  void consume(std::size_t count) noexcept {
    consumed_ += count;
    taken_ += count;
  }
  // When the last consumed byte arrived: a pipelined request has waited since then. If more than `most_arrivals` reads
  // wait, the last ones count as one.
  leash::TimePoint arrived_at() const noexcept;
  static constexpr std::size_t most_arrivals = 16;
  // Waits for further bytes; errc::disconnected if no more can come.
  leash::Task<leash::Result<>> wait(leash::Context ctx);
  // The same without a coroutine of its own. Requires that ended() is false.
  auto arrival(const leash::Context& ctx) const { return arrived_.receive(ctx); }

  // Whether all bytes that have arrived were consumed; also asks the operating system.
  bool is_all_consumed() const noexcept;

  std::uint64_t received() const noexcept { return received_; }  // total bytes
  std::uint64_t consumed() const noexcept { return taken_; }     // of these
  bool closed() const noexcept { return closed_; }               // the client sends no more
  bool ended() const noexcept { return ended_; }                 // and all that it sent was read
  bool broken() const noexcept { return broken_; }               // the client takes no responses any more
  // A read does not report a reset that arrives together with bytes (http/transport/socket.hpp), and neither does the
  // next one. Between notice_resets(true) and notice_resets(false), the input asks the kernel for a reset: at once, and
  // before each read. A connection needs this while a request is incomplete or its handler runs. At other times the write
  // of a response reports the reset.
  void notice_resets(bool on) noexcept;
  // Discards all further bytes.
  void discard() noexcept;

 private:
  // The size of a read. It is doubled when a read fills it: most requests are small, and idle connections are many.
  static constexpr std::size_t first_read_bytes = 512;
  static constexpr std::size_t most_read_bytes = 8 * 1024;
  static constexpr std::size_t most_kept = 16 * 1024;  // of memory for what waits, when nothing does

  bool is_full() const noexcept { return incoming_.size() + current_.size() - consumed_ >= capacity; }
  bool is_reset() const noexcept;
  leash::Task<> wait_for_room(leash::Context ctx);
  void note_arrival();
  void charge() noexcept;

  Socket& socket_;
  const leash::Loop& loop_;
  HangupWatch& watch_;
  MemoryBudget::Charge charge_;
  std::function<bool()> on_close_;
  // The reader appends to incoming_; the parser works through current_, so that views into it stay valid.
  std::string incoming_;
  std::string current_;
  std::size_t consumed_ = 0;  // of current_
  struct Arrival {
    std::uint64_t end;  // so many bytes had come, in all
    leash::TimePoint at;
  };
  std::vector<Arrival> arrivals_;  // of what is not consumed, and of the last byte that was
  std::uint64_t received_ = 0;     // bytes, in all
  std::uint64_t taken_ = 0;        // of these, consumed
  bool closed_ = false;
  bool ended_ = false;
  bool broken_ = false;
  bool discarding_ = false;
  bool notices_resets_ = false;
  leash::Channel<std::monostate> arrived_{1};
  std::optional<leash::DoneSource> room_;  // while the reader waits for some
};

}  // namespace http::server
