// SPDX-License-Identifier: BSL-1.0
#include <string>

#include "coroutine_look.hpp"
#include "escape.hpp"
#include "leash/coroutines.hpp"
#include "leash/detail/report_text.hpp"

namespace leash {

std::string_view to_string(CoroutineState state) noexcept {
  switch (state) {
    case CoroutineState::detached:
      return "detached";
    case CoroutineState::spawned:
      return "spawned";
    case CoroutineState::stray:
      return "stray";
    case CoroutineState::owned:
      return "owned";
    case CoroutineState::orphan:
      return "orphan";
    case CoroutineState::leaked:
      return "leaked";
  }
  return "unknown";
}

std::optional<CoroutineState> parse_coroutine_state(std::string_view text) noexcept {
  for (const auto state : {CoroutineState::detached, CoroutineState::spawned, CoroutineState::stray,
                           CoroutineState::owned, CoroutineState::orphan, CoroutineState::leaked}) {
    if (text == to_string(state)) return state;
  }
  return std::nullopt;
}

std::string to_text(const CoroutinePlace& place) { return place.file + ":" + std::to_string(place.line); }

std::string detail::wait_text(const CoroutineInfo& coroutine) {
  if (!coroutine.has_started) return "[not started]";
  if (coroutine.wait == WaitKind::none) return "[running]";
  return "[" + std::string(to_string(coroutine.wait)) + ", " + short_duration(coroutine.waits_for) + "]";
}

std::string to_text(const CoroutineInfo& coroutine) {
  std::string text = "coroutine " + std::to_string(coroutine.id) + " " + detail::wait_text(coroutine);
  if (!coroutine.label.empty()) text += " " + detail::quoted(coroutine.label);
  text += " " + std::string(to_string(coroutine.state));
  if (coroutine.owner_done_for) {
    text += ": " + (coroutine.owner.empty() ? "its owner" : detail::escaped(coroutine.owner)) + " ended " +
            detail::short_duration(*coroutine.owner_done_for) + " ago (" +
            detail::escaped(coroutine.owner_cause) + ")";
  } else if (!coroutine.owner.empty()) {
    text += " by " + detail::escaped(coroutine.owner);
  } else if (coroutine.spawner != 0) {
    text += coroutine.state == CoroutineState::spawned ? " by " : ": spawned by ";
    text += detail::escaped(coroutine.spawned_by);
    if (coroutine.spawner_ended) {
      text += ", which ended";
      if (coroutine.spawner_ended_for)
        text += " " + detail::short_duration(*coroutine.spawner_ended_for) + " ago";
    }
  }
  text += ", frames " + detail::short_bytes(coroutine.frame_bytes) + "\n";
  for (std::size_t i = 0; i < coroutine.frames.size(); ++i) {
    if (i == CoroutineInfo::max_frames / 2 && coroutine.frames_left_out > 0)
      text += "    ... " + std::to_string(coroutine.frames_left_out) + " more ...\n";
    const CoroutinePlace& frame = coroutine.frames[i];
    detail::append_columns(text, "    " + detail::escaped(frame.function), detail::escaped(to_text(frame)));
  }
  if (coroutine.awaits_task != 0) {
    detail::append_columns(text, "awaits",
                           "task " + std::to_string(coroutine.awaits_task) + ", started at " +
                               detail::escaped(to_text(coroutine.task_site)) + " by " +
                               detail::escaped(coroutine.task_site.function));
  }
  if (coroutine.awaited_by != 0)
    detail::append_columns(text, "awaited by", "task " + std::to_string(coroutine.awaited_by));
  detail::append_columns(
      text, "coroutine of",
      detail::escaped(coroutine.site.function) + " " + detail::escaped(to_text(coroutine.site)));
  return text;
}

std::string to_text(const CoroutineGroup& group) {
  if (group.count == 1) return to_text(group.oldest);
  return std::to_string(group.count) + " coroutines like this one, the oldest; frames " +
         detail::short_bytes(group.frame_bytes) + "\n" + to_text(group.oldest);
}

}  // namespace leash
