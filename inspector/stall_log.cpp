// SPDX-License-Identifier: BSL-1.0
#include "inspector/stall_log.hpp"

#include "process/thread_stack.hpp"

namespace inspector {
namespace {

constexpr std::size_t most_sites = 256;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void StallLog::begin(std::string_view event, const http::server::LogField& where, const Stall& stall) {
  std::string stack;
  if (options_.signal != 0 && stall.thread == 0) {
    stack = "unknown: the loop has never answered";
  } else if (options_.signal != 0) {
    if (const auto frames = process::stack_of_thread(stall.thread, options_.signal)) {
      for (const std::string& frame : *frames) stack += (stack.empty() ? "" : " < ") + frame;
    } else {
      stack = frames.error();
    }
  }
  const bool is_new = !by_site_.contains(stall.site);
  ++by_site_[is_new && by_site_.size() >= most_sites ? "other" : stall.site];
  log_(http::server::LogLevel::warn, event,
       {where,
        {"lag_seconds", seconds(stall.lag)},
        {stall.kind, stall.runs},
        {"site", stall.site},
        {"chain", stall.chain},
        {"stack", stack}});
}

void StallLog::end(std::string_view event, const http::server::LogField& where,
                   std::chrono::nanoseconds lag) {
  log_(http::server::LogLevel::info, event, {where, {"lag_seconds", seconds(lag)}});
}

}  // namespace inspector
