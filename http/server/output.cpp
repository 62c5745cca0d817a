// SPDX-License-Identifier: BSL-1.0
#include "http/server/output.hpp"

#include <asio/buffer.hpp>

#include "leash/error.hpp"
#include "leash/via.hpp"

namespace http::server {

using leash::Context;
using leash::Result;
using leash::Task;

Task<Result<>> Output::flush(Context ctx) {
  std::size_t sent = 0;
  while (sent < buffer_.size()) {
    std::error_code error;
    sent += socket_.write_some(asio::buffer(buffer_) + sent, error);
    if (!error) continue;
    if (error != asio::error::would_block) {
      error = leash::errc::disconnected;  // a reset or a broken pipe, as the client's end happens to be seen
    } else {
      auto [time, cancel] = leash::with_timeout(ctx, timeout_);
      const Result<> writable = co_await socket_.async_wait(Socket::wait_write, leash::via(time));
      if (writable) continue;
      error = writable.error();
    }
    broken_ = true;
    buffer_.clear();
    co_return std::unexpected(error);
  }
  buffer_.clear();
  if (buffer_.capacity() > most_kept) buffer_.shrink_to_fit();
  co_return Result<>();
}

void Output::begin(const Response& head, std::optional<std::uint64_t> size, const Reply& reply) {
  stream_ = Stream{append_response_head(buffer_, head, size, reply), head.status, size.value_or(0)};
}

void Output::append_piece(std::string_view piece) {
  switch (stream_->framing) {
    case BodyFraming::none:
      return;
    case BodyFraming::chunked:
      append_chunk(buffer_, piece);
      return;
    case BodyFraming::sized:
      leash::check(piece.size() <= stream_->left, "a handler streams more than it announced");
      stream_->left -= piece.size();
      buffer_ += piece;
      return;
    case BodyFraming::until_close:
      buffer_ += piece;
      return;
  }
}

bool Output::finish() {
  if (stream_->framing == BodyFraming::chunked) append_last_chunk(buffer_);
  return stream_->framing != BodyFraming::sized || stream_->left == 0;
}

}  // namespace http::server
