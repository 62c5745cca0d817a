// SPDX-License-Identifier: BSL-1.0
#include "leash/dump_on_signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "layout.hpp"
#include "leash/coroutines.hpp"
#include "leash/dump.hpp"
#include "memory.hpp"
#include "reader.hpp"

namespace leash {
namespace {

// Read by the signal handler.
std::atomic<int> wake{-1};       // an eventfd for which the thread waits
std::atomic<pid_t> its_process;  // the process of that thread
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<pid_t>::is_always_lock_free);

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

void write_all(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nowhere to report the failure
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void on_signal(int) {
  const int error = errno;
  if (its_process.load(std::memory_order_relaxed) == ::getpid()) {
    const std::uint64_t one = 1;
    (void)!::write(wake.load(std::memory_order_relaxed), &one, sizeof one);  // else it is awake already
  } else {
    write_all("leash: no dump: this process was forked after dump_on_signal; call it again in the child\n");
  }
  errno = error;
}

void write_dumps(int wakes) noexcept {
  for (;;) {
    std::uint64_t times = 0;
    if (::read(wakes, &times, sizeof times) != sizeof times) continue;  // EINTR; no other error is possible
    try {
      write_all(dump_of_process());
    } catch (const std::bad_alloc&) {
      write_all("leash: no dump: out of memory\n");
    }
  }
}

// Signals are handled by the threads of the program.
std::error_code start_thread(int wakes) noexcept {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::error_code error;
  try {
    std::thread(write_dumps, wakes).detach();
  } catch (const std::system_error& e) {
    error = e.code();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error;
}

// "QUIT", "SIGQUIT" or a number; 0 for any other text.
int parse_signal(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, int>, 8> names{{{"QUIT", SIGQUIT},
                                                                   {"USR1", SIGUSR1},
                                                                   {"USR2", SIGUSR2},
                                                                   {"HUP", SIGHUP},
                                                                   {"INT", SIGINT},
                                                                   {"TERM", SIGTERM},
                                                                   {"ALRM", SIGALRM},
                                                                   {"WINCH", SIGWINCH}}};
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (const auto& [name, number] : names) {
    if (text == name) return number;
  }
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 ? number : 0;
}

}  // namespace

Result<> dump_on_signal(int signal) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (its_process.load(std::memory_order_relaxed) != ::getpid()) {
    const int wakes = ::eventfd(0, EFD_CLOEXEC);
    if (wakes < 0) return std::unexpected(last_error());
    if (const std::error_code error = start_thread(wakes)) {
      ::close(wakes);
      return std::unexpected(error);
    }
    wake.store(wakes, std::memory_order_relaxed);
    its_process.store(::getpid(), std::memory_order_relaxed);
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  if (::sigaction(signal, &action, nullptr) != 0) return std::unexpected(last_error());
  return {};
}

std::string dump_of_process() {
  outside::ProcessMemory process(::getpid());
  outside::CachedMemory memory(process);
  auto reader = outside::Reader::open(memory, std::bit_cast<std::uintptr_t>(&leash_outside_layout));
  std::string text = "leash: dump of process " + std::to_string(::getpid()) + ": ";
  text += reader ? to_text(reader->dump({})) : reader.error() + "\n";
  for (const std::string& remark : reader ? reader->remarks() : std::vector<std::string>()) {
    text += "note: " + remark + "\n";
  }
  if (live_coroutines() > 0) text += coroutine_dump();
  return text + "leash: end of the dump\n";
}

void detail::dump_on_signal_named(const char* name) {
  const int signal = parse_signal(name);
  const Result<> set =
      signal ? dump_on_signal(signal) : std::unexpected(std::make_error_code(std::errc::invalid_argument));
  if (set) return;
  std::fprintf(stderr,
               "leash: LEASH_DUMP_SIGNAL=%s: %s; allowed are a name such as QUIT or USR1, and a number\n",
               name, set.error().message().c_str());
}

void detail::dump_on_signal_of_environment() {
  static std::once_flag once;
  std::call_once(once, [] {
    const char* const name = std::getenv("LEASH_DUMP_SIGNAL");
    if (name && *name) dump_on_signal_named(name);
  });
}

}  // namespace leash
