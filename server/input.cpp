#include "server/input.hpp"

#include <poll.h>

#include <asio/buffer.hpp>
#include <utility>

#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace server {

using namespace std::chrono_literals;
using leash::Context;
using leash::Result;
using leash::Task;

Task<> Input::read(Context ctx) {
  std::string chunk(read_bytes, '\0');
  while (!ctx.is_done()) {
    if (is_full()) {
      // No room to read: the end of the client is seen in the socket's state instead.
      (void)co_await leash::select(room_.receive(), leash::sleep(50ms), ctx.done());
      if (!peer_has_closed()) continue;
      ended_ = true;
    } else {
      const Result<std::size_t> n = co_await socket_.async_read_some(asio::buffer(chunk), leash::via(ctx));
      if (!n && n.error() != asio::error::eof) broken_ = true;
      if (!n || *n == 0) ended_ = true;
      if (n && !discarding_) incoming_.append(chunk, 0, *n);
      incoming_arrived_ = loop_.now();
    }
    if (ended_) on_end_();
    (void)arrived_.try_send({});
    if (ended_) co_return;
  }
}

bool Input::peer_has_closed() noexcept {
  pollfd state{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

std::span<const char> Input::unread() noexcept {
  if (consumed_ == current_.size()) {
    current_.clear();
    consumed_ = 0;
    std::swap(current_, incoming_);
    current_arrived_ = incoming_arrived_;
    if (!current_.empty()) (void)room_.try_send({});
  }
  return std::span<const char>(current_).subspan(consumed_);
}

Task<Result<>> Input::wait(Context ctx) {
  if (ended_) co_return std::unexpected(make_error_code(leash::errc::disconnected));
  const auto woken = co_await arrived_.receive(ctx);
  if (!woken) co_return std::unexpected(woken.error());
  co_return Result<>();
}

void Input::discard() noexcept {
  discarding_ = true;
  incoming_.clear();
  (void)room_.try_send({});
}

}  // namespace server
