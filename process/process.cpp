// SPDX-License-Identifier: BSL-1.0
#include "process/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

namespace process {
namespace {

// The start time of the process: now minus its age in /proc, computed once.
double start_time() {
  std::ifstream file("/proc/self/stat");
  std::string stat((std::istreambuf_iterator<char>(file)), {});
  // The second field is the command in parentheses, which may contain any character; starttime is field 22.
  const std::size_t after_command = stat.rfind(')');
  if (after_command == std::string::npos) return 0;
  std::size_t at = after_command;
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return 0;
  const double ticks = std::strtod(stat.c_str() + at, nullptr);
  timespec boot{};
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = [](const timespec& t) {
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  return seconds(now) - seconds(boot) + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

std::uint64_t resident_bytes() noexcept {
  // Stays open, so that it works when no descriptors are left.
  static const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128] = {};
  const ssize_t n = ::pread(fd, text, sizeof text - 1, 0);
  if (n <= 0) return 0;
  char* second = nullptr;
  std::strtoull(text, &second, 10);
  return std::strtoull(second, nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t heap_bytes() noexcept {
  const struct mallinfo2 heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

std::uint64_t max_open_fds() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

void return_free_memory() noexcept { ::malloc_trim(0); }

void raise_max_open_fds() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // if this fails, the old limit remains
}

double start_time_seconds() {
  static const double started = start_time();
  return started;
}

Metrics metrics() {
  Metrics now;
  now.resident_bytes = resident_bytes();
  now.heap_bytes = heap_bytes();
  now.max_fds = max_open_fds();
  // (std::filesystem's iterator ends the process if memory runs out.)
  if (DIR* const open = ::opendir("/proc/self/fd")) {
    while (const dirent* entry = ::readdir(open)) now.open_fds += entry->d_name[0] == '.' ? 0 : 1;
    ::closedir(open);
    --now.open_fds;  // the descriptor that lists them
  } else if (errno == EMFILE) {
    now.open_fds = now.max_fds;
  }  // /proc may be hidden: then the metrics are 0
  struct stat threads {};
  if (::stat("/proc/self/task", &threads) == 0) now.threads = threads.st_nlink - 2;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    now.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  now.start_time_seconds = start_time_seconds();
  return now;
}

}  // namespace process
