// SPDX-License-Identifier: BSL-1.0
#include "http/server/hangup_watch.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace http::server {

HangupWatch::HangupWatch(asio::io_context& io) : epoll_(io.get_executor()) {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  epoll_.assign(fd);
  wait();
}

void HangupWatch::wait() {
  epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this](const std::error_code& error) {
    if (error) return;  // being destroyed: `this` is invalid
    wait();             // first, to reuse the memory of this handler
    tell();
  });
}

void HangupWatch::tell() {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    static_cast<Watched*>(events[static_cast<std::size_t>(i)].data.ptr)->source_.close();
  }
}

HangupWatch::Watched::Watched(HangupWatch& watch, int socket) : watch_(watch), socket_(socket) {
  epoll_event event{};
  event.events = EPOLLRDHUP | EPOLLONESHOT;
  event.data.ptr = this;
  // This fails if memory or the user's number of watches is used up. Then the client counts as disconnected, which is
  // better than serving it for ever.
  if (::epoll_ctl(watch.epoll_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) source_.close();
}

HangupWatch::Watched::~Watched() {
  epoll_event ignored{};
  ::epoll_ctl(watch_.epoll_.native_handle(), EPOLL_CTL_DEL, socket_, &ignored);
}

}  // namespace http::server
