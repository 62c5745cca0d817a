// SPDX-License-Identifier: BSL-1.0
#include "server/signals.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "leash/via.hpp"

namespace server {
namespace {

constexpr std::array<int, 3> ending{SIGINT, SIGTERM, SIGHUP};

std::atomic<int> first_signal{0};
std::atomic<int> told{-1};  // the event descriptor
std::array<struct sigaction, ending.size()> before;

static_assert(std::atomic<int>::is_always_lock_free, "a signal handler uses it");

void on_signal(int number) {
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, number)) ::_exit(128 + number);
  const int error = errno;
  const std::uint64_t one = 1;
  (void)!::write(told.load(), &one, sizeof one);
  errno = error;
}

}  // namespace

Signals::Signals(asio::io_context& io) : arrived_(io.get_executor()) {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  arrived_.assign(fd);
  told.store(fd);
  first_signal.store(0);
  for (std::size_t i = 0; i < ending.size(); ++i) {
    ::sigaction(ending[i], nullptr, &before[i]);
    if (ending[i] == SIGHUP && before[i].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(ending[i], &action, nullptr);
  }
}

Signals::~Signals() {
  for (std::size_t i = 0; i < ending.size(); ++i) ::sigaction(ending[i], &before[i], nullptr);
}

leash::Task<leash::Result<int>> Signals::first(leash::Context ctx) {
  while (first_signal.load() == 0) {
    const leash::Result<> readable =
        co_await arrived_.async_wait(asio::posix::descriptor_base::wait_read, leash::via(ctx));
    if (!readable) co_return std::unexpected(readable.error());
  }
  co_return first_signal.load();
}

}  // namespace server
