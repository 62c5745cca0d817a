// SPDX-License-Identifier: BSL-1.0
#include "http/server/input.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "http/server/limits/turn.hpp"
#include "leash/select.hpp"
#include "leash/via.hpp"

namespace http::server {

using leash::Context;
using leash::Result;
using leash::Task;

Task<> Input::read(Context ctx) {
  std::string chunk(first_read_bytes, '\0');
  bool told = false;
  bool still_answered = false;
  while (!ended_ && !ctx.is_done()) {
    if (is_full() && !discarding_) {
      co_await wait_for_room(ctx);
    } else if (notices_resets_ && is_reset()) {
      broken_ = ended_ = closed_ = true;
    } else {
      const Result<std::size_t> n =
          co_await socket_.async_read_some(ReadBuffer(chunk.data(), chunk.size()), leash::via(ctx));
      if (!n && n.error() != asio::error::eof) broken_ = true;
      if (!n || *n == 0) ended_ = closed_ = true;
      if (n) received_ += *n;
      if (n && !discarding_) {
        incoming_.append(chunk, 0, *n);
        note_arrival();
        charge();
        if (*n == chunk.size() && *n < most_read_bytes) chunk.resize(2 * *n);
      }
    }
    (void)arrived_.try_send({});
    if (closed_ && !std::exchange(told, true)) {
      if (!broken_) co_await let_others_go_on(ctx, socket_);
      still_answered = on_close_();
    }
  }
  if (!still_answered) co_return;
  if (!broken_) {
    const Result<> gone = co_await socket_.async_wait(Socket::wait_error, leash::via(ctx));
    if (!gone) co_return;
    broken_ = true;
  }
  on_close_();
}

// Waits until the parser asks for more and so may have made room. Meanwhile nothing is read, so the watch reports whether
// the client disconnects.
Task<> Input::wait_for_room(Context ctx) {
  room_.emplace();
  if (!is_full()) co_return;  // room was made since the caller checked
  const leash::Done room = room_->done();
  if (closed_) {
    (void)co_await leash::select(room.wait(), ctx.done());
    co_return;
  }
  const HangupWatch::Watched watched(watch_, socket_.native_handle());
  const auto woken = co_await leash::select(room.wait(), watched.hung_up().wait(), ctx.done());
  if (woken.index() != 1) co_return;
  closed_ = true;
  pollfd state{socket_.native_handle(), POLLRDHUP, 0};
  const bool only_half = ::poll(&state, 1, 0) == 1 && state.revents == POLLRDHUP;
  if (!only_half) broken_ = ended_ = true;
}

bool Input::is_reset() const noexcept {
  pollfd state{socket_.native_handle(), 0, 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & POLLERR) != 0;
}

void Input::notice_resets(bool on) noexcept {
  notices_resets_ = on;
  if (!on || closed_ || !is_reset()) return;
  std::error_code ignored;        // it does not fail for an open socket
  (void)socket_.cancel(ignored);  // the reader's read fails
}

bool Input::is_all_consumed() const noexcept {
  std::error_code ignored;  // on an error, nothing is available
  return consumed_ == current_.size() && incoming_.empty() && socket_.available(ignored) == 0;
}

void Input::note_arrival() {
  std::erase_if(arrivals_, [this](const Arrival& each) { return each.end < taken_; });
  if (arrivals_.size() == most_arrivals) arrivals_.pop_back();
  arrivals_.push_back({received_, loop_.now()});
}

leash::TimePoint Input::arrived_at() const noexcept {
  const auto with_last =
      std::ranges::find_if(arrivals_, [this](const Arrival& each) { return each.end >= taken_; });
  return with_last == arrivals_.end() ? loop_.now() : with_last->at;
}

std::span<const char> Input::unread() noexcept {
  if (consumed_ == current_.size()) {
    current_.clear();
    consumed_ = 0;
    if (current_.capacity() > most_kept) current_ = std::string();
    if (!incoming_.empty()) std::swap(current_, incoming_);
    charge();
    if (room_) room_->close();
  }
  return std::span<const char>(current_).subspan(consumed_);
}

Task<Result<>> Input::wait(Context ctx) {
  if (ended_) co_return std::unexpected(make_error_code(leash::errc::disconnected));
  const auto woken = co_await arrival(ctx);
  if (!woken) co_return std::unexpected(woken.error());
  co_return Result<>();
}

// A small buffer is included in the charge of each connection.
void Input::charge() noexcept {
  const std::size_t held = incoming_.capacity() + current_.capacity();
  charge_.set(held > most_kept ? held : 0);
}

void Input::discard() noexcept {
  discarding_ = true;
  incoming_ = std::string();
  charge();
  if (room_) room_->close();
}

}  // namespace http::server
