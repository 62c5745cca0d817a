// SPDX-License-Identifier: BSL-1.0
#include "inspector/coroutine_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "leash/coroutines.hpp"
#include "leash/src/registry/running_coroutines.hpp"

namespace inspector {
namespace {

using leash::detail::RunningCoroutine;

std::optional<Stall> describe(const RunningCoroutine& running) {
  const auto coroutine = leash::detail::describe_coroutine(running.id);
  if (!coroutine) return std::nullopt;
  Stall stall{.thread = running.thread, .kind = "coroutine"};
  stall.runs = coroutine->label.empty() ? coroutine->site.function : coroutine->label;
  stall.site = leash::to_text(coroutine->site);
  for (const leash::CoroutinePlace& frame : coroutine->frames) {
    stall.chain +=
        fmt::format("{}{} {}", stall.chain.empty() ? "" : " < ", frame.function, leash::to_text(frame));
  }
  return stall;
}

}  // namespace

std::optional<Stall> stalled_coroutine(pid_t thread) {
  for (const RunningCoroutine& running : leash::detail::running_coroutines()) {
    if (running.thread == thread) return describe(running);
  }
  return std::nullopt;
}

void CoroutineProbe::look(StallLog& log, const std::function<bool(pid_t)>& is_of_loop) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<Turn> before = std::exchange(turns_, {});
  for (const RunningCoroutine& running : leash::detail::running_coroutines()) {
    if (running.in_this_tick || is_of_loop(running.thread)) continue;
    const auto same = std::ranges::find_if(before, [&](const Turn& turn) {
      return turn.thread == running.thread && turn.frame == running.frame && turn.since == running.since;
    });
    Turn turn{running.thread, running.frame, running.since, now};
    if (same != before.end()) {
      turn = std::move(*same);
      before.erase(same);
    }
    if (turn.about.empty() && now - turn.seen_first >= log.options().after) {
      if (auto stall = describe(running)) {
        stall->lag = now - turn.seen_first;
        turn.about =
            fmt::format("Thread {} does not return to its event loop: coroutine {}, made at {}, runs.",
                        turn.thread, stall->runs, stall->site);
        log.begin("a coroutine does not return", {"thread", turn.thread}, *stall);
      }
    }
    turns_.push_back(std::move(turn));
  }
  for (const Turn& turn : before) {
    if (!turn.about.empty())
      log.end("a coroutine has returned", {"thread", turn.thread}, now - turn.seen_first);
  }
}

std::vector<std::string> CoroutineProbe::stalled() const {
  std::vector<std::string> all;
  for (const Turn& turn : turns_) {
    if (!turn.about.empty()) all.push_back(turn.about);
  }
  return all;
}

}  // namespace inspector
