// SPDX-License-Identifier: BSL-1.0
#include "http/server/output.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <memory>
#include <utility>

#include "http/server/limits/turn.hpp"
#include "leash/error.hpp"
#include "leash/via.hpp"

namespace http::server {

using leash::Context;
using leash::Result;
using leash::Task;

namespace {

// The number of bytes that the client has not acknowledged yet; 0 if it is unknown.
int unacknowledged(Socket& socket) noexcept {
  int bytes = 0;
  (void)::ioctl(socket.native_handle(), SIOCOUTQ, &bytes);
  return bytes;
}

}  // namespace

void Output::append(Response& response, const Reply& reply) {
  if (response.body.size() < large) {
    append_response(buffer_, response, reply);
    return;
  }
  const std::size_t size = response.body.size();
  const std::size_t held = response.body.capacity();
  const auto body = std::make_shared<const std::string>(std::move(response.body));
  append(response,
         BodySource{.size = size,
                    .append = [body](std::string& to, std::uint64_t at,
                                     std::size_t count) { to.append(*body, at, count); },
                    .held = held},
         reply);
}

void Output::append(const Response& head, BodySource body, const Reply& reply) {
  leash::check(!source_, "a response is appended before a large one has been sent");
  if (append_response_head(buffer_, head, body.size, reply) != BodyFraming::sized) return;
  source_ = std::move(body);
  made_ = 0;
}

// Appends the next piece of the source; false if there is none.
bool Output::refill() {
  if (!source_) return false;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(source_->size - made_, large));
  if (count > 0) source_->append(buffer_, made_, count);
  made_ += count;
  if (made_ == source_->size) source_.reset();
  return count > 0;
}

void Output::charge() noexcept {
  const std::uint64_t held = buffer_.capacity() + (source_ ? source_->held : 0);
  charge_.set(held > most_kept ? held : 0);
}

void Output::nothing_is_left() noexcept {
  buffer_.clear();
  source_.reset();
  if (buffer_.capacity() > most_kept) buffer_.shrink_to_fit();
  charge();
}

bool Output::flush_at_once() {
  if (broken_ || wants_flush()) return false;
  stream_left_ = true;
  if (!buffer_.empty()) {
    std::error_code failed;  // flush() meets and reports it
    const std::size_t sent = socket_.write_some(asio::buffer(buffer_), failed);
    if (sent < buffer_.size()) {
      buffer_.erase(0, sent);
      return false;
    }
  }
  nothing_is_left();
  return true;
}

Task<Result<>> Output::flush(Context ctx) {
  std::size_t sent = 0;
  std::size_t in_a_row = 0;
  std::error_code failed;
  stream_left_ = true;
  while (!failed) {
    if (sent == buffer_.size()) {
      buffer_.clear();
      sent = 0;
      if (!refill()) break;
    }
    std::error_code error;
    const std::size_t count = socket_.write_some(asio::buffer(buffer_) + sent, error);
    sent += count;
    in_a_row += count;
    if (error == asio::error::would_block) {
      charge();
      const Result<> writable = co_await wait_until_writable(ctx);
      if (!writable) failed = writable.error();
      in_a_row = 0;
    } else if (error) {
      failed = leash::errc::disconnected;  // a reset or a broken pipe
    } else if (in_a_row >= most_in_a_row) {
      charge();
      co_await let_others_go_on(ctx, socket_);
      in_a_row = 0;
      if (ctx.is_done()) failed = ctx.err();
    }
  }
  nothing_is_left();
  if (!failed) co_return Result<>();
  broken_ = true;
  co_return std::unexpected(failed);
}

// A socket becomes writable when a large part of its buffer is free, which may take long with a slow reader. So it is
// also checked several times per timeout whether the client has acknowledged anything.
Task<Result<>> Output::wait_until_writable(Context ctx) {
  leash::TimePoint give_up = leash::later(loop_.now(), timeout_);
  int left = unacknowledged(socket_);
  for (;;) {
    const leash::TimePoint look = std::min(give_up, leash::later(loop_.now(), timeout_ / 8));
    auto [time, cancel] = leash::with_deadline(ctx, look);
    const Result<> writable = co_await socket_.async_wait(Socket::wait_write, leash::via(time));
    if (writable || ctx.is_done() || writable.error() != leash::errc::deadline_exceeded) co_return writable;
    const int now_left = unacknowledged(socket_);
    if (now_left < left) {
      left = now_left;
      give_up = leash::later(loop_.now(), timeout_);
    } else if (loop_.now() >= give_up) {
      co_return writable;
    }
  }
}

void Output::begin(const Response& head, std::optional<std::uint64_t> size, const Reply& reply) {
  stream_left_ = false;
  before_stream_ = buffer_.size();
  stream_ = Stream{append_response_head(buffer_, head, size, reply), head.status, size.value_or(0)};
}

void Output::give_up_stream() {
  leash::check(is_held_back(), "a stream is given up that has begun to leave");
  buffer_.resize(before_stream_);
  stream_.reset();
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
