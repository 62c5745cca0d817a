// SPDX-License-Identifier: BSL-1.0
#pragma once
// The bytes to send to a client.
//
// What it is     responses are appended to a buffer, which flush() sends; or a response is streamed: begin, then
//                pieces, then finish.
//                A large body is not copied into the buffer: its source produces it as the client takes it.
//                The beginning of a stream is held back for a while, so that another response can replace it.
// Guarantees     a write without progress for the write timeout fails with deadline_exceeded, a write to a client that
//                has disconnected with disconnected; after a failure the output is broken. Progress means bytes that the
//                client has acknowledged. Buffered bytes are charged to the memory budget. A client that takes
//                everything at once does not block the loop: other connections get their turn.
// Threads        the connection's loop's.
//
//   http::append_response(output.buffer(), response, reply);
//   auto sent = co_await output.flush(ctx);

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/message/message.hpp"
#include "http/message/serializer.hpp"
#include "http/server/limits/memory_budget.hpp"
#include "http/transport/socket.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace http::server {

// A body that is produced as the client takes it.
struct BodySource {
  std::uint64_t size;
  std::function<void(std::string& to, std::uint64_t at, std::size_t count)>
      append;              // `count` bytes from `at` on
  std::uint64_t held = 0;  // bytes of memory that it holds
};

class Output {
 public:
  Output(Socket& socket, const leash::Loop& loop, MemoryBudget& memory, std::chrono::nanoseconds timeout)
      : socket_(socket), loop_(loop), charge_(memory), timeout_(timeout) {}

  std::string& buffer() noexcept { return buffer_; }
  // Appends the response with its body or body source; call flush() next. A large body is moved from.
  void append(Response& response, const Reply& reply);
  void append(const Response& head, BodySource body, const Reply& reply);
  // Whether there is so much to send that it should be sent before more is produced.
  bool wants_flush() const noexcept { return source_ || buffer_.size() >= large; }
  leash::Task<leash::Result<>> flush(leash::Context ctx);
  // Sends what can be sent without waiting. Usually that is all; otherwise it returns false, and flush() does the rest.
  bool flush_at_once();
  bool broken() const noexcept { return broken_; }

  // A streamed response; at most one per request.
  struct Stream {
    BodyFraming framing;
    int status;
    std::uint64_t left;  // bytes left of the announced length
  };
  const std::optional<Stream>& stream() const noexcept { return stream_; }
  void forget_stream() noexcept { stream_.reset(); }
  void begin(const Response& head, std::optional<std::uint64_t> size, const Reply& reply);
  void append_piece(std::string_view piece);
  bool finish();  // false: shorter than announced, so the connection must end
  // True if nothing of the stream was sent and little is buffered, so that it can be dropped.
  bool is_held_back() const noexcept { return stream_ && !stream_left_ && buffer_.size() < most_held_back; }
  void give_up_stream();

 private:
  static constexpr std::size_t large = 64 * 1024;
  // Memory of a large response that is kept for the next one; there are many idle connections.
  static constexpr std::size_t most_kept = 4 * 1024;
  static constexpr std::size_t most_held_back = 4 * 1024;
  static constexpr std::size_t most_in_a_row = 256 * 1024;  // then other connections get their turn

  bool refill();
  void charge() noexcept;
  void nothing_is_left() noexcept;
  leash::Task<leash::Result<>> wait_until_writable(leash::Context ctx);

  Socket& socket_;
  const leash::Loop& loop_;
  MemoryBudget::Charge charge_;
  std::chrono::nanoseconds timeout_;
  std::string buffer_;
  std::optional<BodySource> source_;  // of the bytes after the buffer
  std::uint64_t made_ = 0;            // bytes taken from the source
  std::optional<Stream> stream_;
  bool stream_left_ = false;       // part of the stream was sent
  std::size_t before_stream_ = 0;  // bytes in the buffer
  bool broken_ = false;
};

}  // namespace http::server
