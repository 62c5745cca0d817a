// SPDX-License-Identifier: BSL-1.0
#pragma once
// What is to be sent to a client.
//
// What it is     responses are appended to a buffer, which flush() sends; or a response is streamed: begin, then
//                pieces, then finish.
// Guarantees     a write without progress for the write timeout fails with deadline_exceeded, one to a client that has
//                gone with disconnected; after a failure the output is broken.
// Threads        the connection's loop's.
//
//   http::append_response(output.buffer(), response, reply);
//   auto sent = co_await output.flush(ctx);

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message/message.hpp"
#include "http/message/serializer.hpp"
#include "http/server/input.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace http::server {

class Output {
 public:
  Output(Socket& socket, std::chrono::nanoseconds timeout) : socket_(socket), timeout_(timeout) {}

  std::string& buffer() noexcept { return buffer_; }
  leash::Task<leash::Result<>> flush(leash::Context ctx);
  bool broken() const noexcept { return broken_; }

  // A response that is streamed; at most one for each request.
  struct Stream {
    BodyFraming framing;
    int status;
    std::uint64_t left;  // of what was announced
  };
  const std::optional<Stream>& stream() const noexcept { return stream_; }
  void forget_stream() noexcept { stream_.reset(); }
  void begin(const Response& head, std::optional<std::uint64_t> size, const Reply& reply);
  void append_piece(std::string_view piece);
  bool finish();  // false: less than was announced, so the connection has to end

 private:
  Socket& socket_;
  std::chrono::nanoseconds timeout_;
  // Of the memory for a large response this much is kept for the next one: idle connections are many.
  static constexpr std::size_t most_kept = 64 * 1024;
  std::string buffer_;
  std::optional<Stream> stream_;
  bool broken_ = false;
};

}  // namespace http::server
