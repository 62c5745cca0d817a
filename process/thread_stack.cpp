// SPDX-License-Identifier: BSL-1.0
#include "process/thread_stack.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <semaphore.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>

namespace process {
namespace {

// Filled by the signal handler.
struct Capture {
  std::atomic<pid_t> thread{0};  // the requested thread; 0: none, or its stack is being captured
  std::array<void*, 64> frames{};
  int count = 0;
  sem_t taken{};
};
Capture capture;
constexpr int of_the_handler = 2;  // frames of the handler and of the kernel's return from it

void take_stack(int) {
  const int error = errno;
  pid_t me = ::gettid();
  if (capture.thread.compare_exchange_strong(me, 0)) {
    capture.count = ::backtrace(capture.frames.data(), static_cast<int>(capture.frames.size()));
    ::sem_post(&capture.taken);
  }
  errno = error;
}

std::string last_error() { return std::system_category().message(errno); }

// Empty, or the reason why our handler cannot be installed.
std::string set_handler(int signal) {
  struct sigaction present {};
  if (::sigaction(signal, nullptr, &present) != 0) return last_error();
  const bool siginfo = (present.sa_flags & SA_SIGINFO) != 0;
  if (!siginfo && present.sa_handler == take_stack) return {};
  if (siginfo || (present.sa_handler != SIG_DFL && present.sa_handler != SIG_IGN)) {
    return "the program has a handler for it";
  }
  struct sigaction action {};
  action.sa_handler = take_stack;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  return ::sigaction(signal, &action, nullptr) == 0 ? std::string() : last_error();
}

std::string frame_text(void* address) {
  Dl_info info{};
  char text[32];
  if (::dladdr(address, &info) == 0 || !info.dli_fname) {
    std::snprintf(text, sizeof text, "%p", address);
    return text;
  }
  const auto from = reinterpret_cast<std::uintptr_t>(info.dli_sname ? info.dli_saddr : info.dli_fbase);
  std::snprintf(text, sizeof text, "+0x%zx", reinterpret_cast<std::uintptr_t>(address) - from);
  if (!info.dli_sname) {
    const std::string_view path = info.dli_fname;
    return std::string(path.substr(path.rfind('/') + 1)) + text;
  }
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable(
      abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), std::free);
  return (status == 0 && readable ? std::string(readable.get()) : std::string(info.dli_sname)) + text;
}

bool wait_for_the_stack() {
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 100'000'000;
  if (until.tv_nsec >= 1'000'000'000) {
    until.tv_nsec -= 1'000'000'000;
    ++until.tv_sec;
  }
  int waited = 0;
  do {
    waited = ::sem_timedwait(&capture.taken, &until);
  } while (waited != 0 && errno == EINTR);
  if (waited == 0) return true;
  if (capture.thread.exchange(0) != 0) return false;  // from now on the handler captures nothing
  while (::sem_wait(&capture.taken) != 0) {           // the handler is running
  }
  return true;
}

}  // namespace

std::expected<std::vector<std::string>, std::string> stack_of_thread(pid_t thread, int signal) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  const std::string name = "signal " + std::to_string(signal);
  static const bool ready = [] {
    ::sem_init(&capture.taken, 0, 0);
    return ::backtrace(capture.frames.data(), 1) >=
           0;  // the first call loads a library, which a signal handler must not do
  }();
  if (std::string problem = set_handler(signal); !ready || !problem.empty()) {
    return std::unexpected(name + ": " + problem);
  }
  capture.thread.store(thread);
  if (::tgkill(::getpid(), thread, signal) != 0) {
    capture.thread.store(0);
    return std::unexpected(name + ": " + last_error());
  }
  if (!wait_for_the_stack()) return std::unexpected(name + ": the thread does not take it");
  std::vector<std::string> frames;
  for (int i = of_the_handler; i < capture.count; ++i) {
    frames.push_back(frame_text(capture.frames[static_cast<std::size_t>(i)]));
  }
  return frames;
}

}  // namespace process
