// SPDX-License-Identifier: BSL-1.0
#pragma once
// Logs and counts what does not return to its event loop.
//
// Guarantees     the native stack of the thread is in the log, unless the signal is 0 or the thread does not react. Counted by
//                site for at most 256 sites; further ones are counted as "other".
// Threads        one.
//
//   stalls.begin("a loop does not answer", {"loop", name}, {.thread = thread, .lag = lag, .site = site});

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "http/server/log_event.hpp"

namespace inspector {

struct StallOptions {
  std::chrono::nanoseconds after = std::chrono::milliseconds(500);
  int signal = SIGURG;  // used to capture the native stack; 0: not captured
};

struct Stall {
  pid_t thread = 0;
  std::chrono::nanoseconds lag{};
  std::string_view kind = "task";  // or "coroutine"
  std::string runs = "none";       // which one
  std::string site = "none";       // where that was started
  std::string chain = {};          // its awaits
};

class StallLog {
 public:
  StallLog(http::server::LogFunction log, StallOptions options) : log_(std::move(log)), options_(options) {}

  const StallOptions& options() const noexcept { return options_; }
  void begin(std::string_view event, const http::server::LogField& where, const Stall& stall);
  void end(std::string_view event, const http::server::LogField& where, std::chrono::nanoseconds lag);
  const std::map<std::string, std::uint64_t>& by_site() const noexcept { return by_site_; }

 private:
  http::server::LogFunction log_;
  StallOptions options_;
  std::map<std::string, std::uint64_t> by_site_;
};

}  // namespace inspector
