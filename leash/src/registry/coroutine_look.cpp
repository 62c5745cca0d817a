// SPDX-License-Identifier: BSL-1.0
#include "coroutine_look.hpp"

#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

#include "coroutine_extras.hpp"
#include "leash/detail/pattern.hpp"
#include "leash/detail/report_text.hpp"

namespace leash {
namespace detail {

using std::chrono::nanoseconds;

bool is_library_file(std::string_view file, std::string_view known) noexcept {
  const auto end = known.rfind("impl/use_awaitable.hpp");
  const auto root =
      end == std::string_view::npos ? known.substr(0, known.rfind('/') + 1) : known.substr(0, end);
  if (!root.empty() && file.starts_with(root)) return true;
  constexpr std::string_view own = "leash/awaitable.hpp";
  return file.ends_with(own);
}

namespace {

std::atomic<std::int64_t> patience_ns{default_patience.count()};
constexpr nanoseconds grace = std::chrono::seconds(1);

std::source_location site_at(std::uint16_t site) noexcept {
  return leash_coroutines.site[site].load(std::memory_order_acquire);
}

bool in_library(const char* file) noexcept {
  return std::ranges::any_of(leash_coroutines.library, [&](const auto& each) {
    const char* const known = each.load(std::memory_order_acquire);
    return known != nullptr && is_library_file(file, known);
  });
}
bool in_library(std::uint16_t site) noexcept {
  const std::source_location definition = site_at(site);
  return in_library(definition.file_name());
}

bool is_alive(std::uint64_t id) noexcept {
  return record_at(slot_of(id)).id.load(std::memory_order_acquire) == id;
}

template <class Known, class Ask>
bool remembered(std::vector<Known>& known, std::uint16_t site, Ask ask) {
  if (known.empty()) known.resize(max_coroutine_sites);
  if (known[site] == Known::not_asked) known[site] = ask() ? Known::yes : Known::no;
  return known[site] == Known::yes;
}

}  // namespace

bool RecordCopy::take(const CoroutineRecord& from) noexcept {
  constexpr auto order = std::memory_order_acquire;
  id = from.id.load(order);
  if (id & free_bit) return false;
  record = &from;
  at = from.at.load(order);
  below = from.below.load(order);
  above = from.above.load(order);
  context = from.context.load(order);
  made = from.made.load(order);
  since = from.since.load(order);
  size = from.size.load(order);
  site = from.site.load(order);
  spawner_site = from.spawner_site.load(order);
  flags = from.flags.load(order);
  wait = from.wait.load(order);
  return from.id.load(order) == id;
}

bool ChainCopy::take(const CoroutineRecord& root) {
  frames.resize(1);
  if (!frames[0].take(root) || (frames[0].flags & nested)) return false;
  constexpr std::size_t deepest = 10000;
  while (frames.back().waits() && frames.back().below && frames.size() < deepest) {
    RecordCopy next;
    const RecordCopy& parent = frames.back();
    if (!next.take(*parent.below) || !(next.flags & nested) ||
        next.above != reinterpret_cast<std::uintptr_t>(parent.record)) {
      break;  // it has continued meanwhile
    }
    frames.push_back(next);
  }
  return root.id.load(std::memory_order_acquire) == frames[0].id;
}

std::uint16_t ChainCopy::site() const noexcept {
  for (const RecordCopy& frame : frames) {
    if (!in_library(frame.site)) return frame.site;
  }
  return root().site;
}

TickClock::TickClock() noexcept : coarse_now_(coarse_time()), now_(tick()) {
  const auto anchor = leash_coroutines.anchor_time.load(std::memory_order_acquire);
  time_ =
      std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
#if defined(__x86_64__)
  const std::uint64_t ticks = __builtin_ia32_rdtsc() - leash_coroutines.anchor_ticks.load();
  if (anchor != 0 && ticks != 0)
    length_ = static_cast<double>(time_ - anchor) / static_cast<double>(ticks) * static_cast<double>(1 << 24);
#else
  (void)anchor;
#endif
}

std::vector<const RecordCopy*> own_frames(const ChainCopy& chain) {
  std::vector<const RecordCopy*> own;
  for (auto frame = chain.frames.rbegin(); frame != chain.frames.rend(); ++frame)
    if (!in_library(frame->site)) own.push_back(&*frame);
  return own;
}

CoroutinePlace place_at(const std::source_location& where) {
  return {readable_function(where.function_name()), where.file_name(), where.line()};
}

CoroutinePlace place_of(std::uint16_t site) {
  const std::source_location definition = site_at(site);
  if (site == other_site) return {"other", "other", 0};
  return place_at(definition);
}

Look::Look(const CoroutineFilter& filter)
    : filter_(filter),
      patience_(filter.patience.value_or(nanoseconds(patience_ns.load()))),
      background_(background_functions()) {
  std::ranges::sort(filter_.without);
}

Verdict Look::judge(const ChainCopy& chain) {
  Verdict verdict;
  const RecordCopy& root = chain.root();
  if (root.flags & owned) {
    if (auto extras = extras_of(root.id)) {
      verdict.owner = std::move(extras->ownership.owner);
      if (extras->ownership.awaited) verdict.awaited_by = extras->ownership.awaited->task;
    }
  }
  if (verdict.owner) {
    if (!verdict.owner->may_end) return verdict;
    const std::int64_t done_at = verdict.owner->done_at.load(std::memory_order_acquire);
    const nanoseconds orphan_for =
        done_at == 0 ? nanoseconds() : std::min(clock_.since_steady(done_at), clock_.age(root.made));
    verdict.state = done_at == 0          ? CoroutineState::owned
                    : orphan_for >= grace ? CoroutineState::leaked
                                          : CoroutineState::orphan;
    return verdict;
  }
  if (root.above == 0 || is_background(chain.site())) {
    verdict.spawner_ended = root.above != 0 && !is_alive(root.above);
    return verdict;
  }
  verdict.state = CoroutineState::spawned;
  verdict.spawner_ended = !is_alive(root.above);
  if (!verdict.spawner_ended) return verdict;
  // The record of an ended spawner is kept for a while, with the time of its end.
  const CoroutineRecord& spawner = record_at(slot_of(root.above));
  const std::uint32_t ended_at = spawner.since.load(std::memory_order_acquire);
  if (spawner.id.load(std::memory_order_acquire) == (root.above | free_bit))
    verdict.spawner_ended_for = clock_.since(ended_at);
  const RecordCopy& innermost = chain.innermost();
  const bool has_started = innermost.flags & started;
  if (has_started && !innermost.waits()) return verdict;
  nanoseconds quiet = has_started ? clock_.since(innermost.since) : clock_.age(innermost.made);
  if (verdict.spawner_ended_for) quiet = std::min(quiet, *verdict.spawner_ended_for);
  if (quiet >= patience_) verdict.state = CoroutineState::stray;
  return verdict;
}

bool Look::matches(const ChainCopy& chain, const Verdict& verdict) {
  const RecordCopy& root = chain.root();
  if (filter_.without_awaited && verdict.awaited_by != 0) return false;
  if (filter_.state && *filter_.state != verdict.state &&
      !(*filter_.state == CoroutineState::orphan && verdict.state == CoroutineState::leaked)) {
    return false;
  }
  if (filter_.context && (!(root.flags & started) || root.context != filter_.context)) return false;
  if (std::ranges::binary_search(filter_.without, root.id)) return false;
  if (filter_.min_age > nanoseconds() && clock_.age(root.made) < filter_.min_age) return false;
  return filter_.site.empty() || site_matches(chain.site());
}

CoroutineInfo Look::describe(const ChainCopy& chain, const Verdict& verdict) const {
  const RecordCopy& root = chain.root();
  const RecordCopy& innermost = chain.innermost();
  CoroutineInfo info;
  info.id = root.id;
  info.site = place_of(chain.site());
  info.state = verdict.state;
  info.has_started = root.flags & started;
  info.spawner = root.above;
  if (root.above != 0) info.spawned_by = place_of(root.spawner_site).function;
  info.spawner_ended = verdict.spawner_ended;
  info.spawner_ended_for = verdict.spawner_ended_for;
  if (verdict.owner) {
    info.owner = verdict.owner->label;
    if (const std::int64_t done_at = verdict.owner->done_at.load(std::memory_order_acquire); done_at != 0) {
      info.owner_done_for = clock_.since_steady(done_at);
      info.owner_cause = verdict.owner->cause ? verdict.owner->cause.message() : "finished";
    }
  }
  info.awaited_by = verdict.awaited_by;
  if (root.flags & (labeled | mixed)) {
    if (auto extras = extras_of(root.id)) {
      info.label = std::move(extras->label);
      info.awaits_task = extras->awaits.id;
      if (info.awaits_task != 0) info.task_site = place_at(extras->awaits.site);
    }
  }
  info.wait = innermost.waits() ? innermost.wait : WaitKind::none;
  if (innermost.waits()) info.waits_for = clock_.since(innermost.since);
  info.age = clock_.age(root.made);
  info.context = info.has_started ? root.context : nullptr;
  for (const RecordCopy& frame : chain.frames) info.frame_bytes += frame.size * std::size_t{16};
  std::vector<const RecordCopy*> own = own_frames(chain);
  constexpr std::size_t half = CoroutineInfo::max_frames / 2;
  if (own.size() > 2 * half) {
    info.frames_left_out = own.size() - 2 * half;
    own.erase(own.begin() + half, own.end() - half);
  }
  for (const RecordCopy* frame : own) {
    CoroutinePlace place = place_of(frame->site);
    place.file = frame->at.file_name();
    place.line = frame->at.line();
    info.frames.push_back(std::move(place));
  }
  return info;
}

bool Look::is_background(std::uint16_t site) {
  if (background_.empty()) return false;
  return remembered(backgrounds_, site, [&] {
    const std::string function = place_of(site).function;
    return std::ranges::any_of(background_,
                               [&](const std::string& name) { return detail::matches(name, function); });
  });
}

bool Look::site_matches(std::uint16_t site) {
  return remembered(wanted_, site, [&] {
    const CoroutinePlace place = place_of(site);
    return contains(filter_.site, to_text(place));
  });
}

}  // namespace detail

void set_patience(std::chrono::nanoseconds patience) noexcept { detail::patience_ns.store(patience.count()); }

}  // namespace leash
