// SPDX-License-Identifier: BSL-1.0
#include "leash/coroutines.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "escape.hpp"
#include "leash/detail/coroutine_record.hpp"
#include "leash/detail/owner_state.hpp"
#include "leash/detail/pattern.hpp"
#include "leash/detail/report_text.hpp"

namespace leash {
namespace detail {
namespace {

using std::chrono::nanoseconds;

// What few coroutines have: kept apart from their records.
struct Extras {
  std::string label;
  Ownership ownership;
};
struct Few {
  std::mutex mutex;
  std::unordered_map<std::uint64_t, Extras> extras;  // by id of the root
  std::vector<std::string> background;
};
Few& few() {
  static Few* const all = new Few;  // never destroyed: coroutines may end after main
  return *all;
}

std::atomic<std::int64_t> patience_ns{nanoseconds(std::chrono::seconds(30)).count()};
std::atomic<std::int64_t> grace_ns{nanoseconds(std::chrono::seconds(1)).count()};

}  // namespace

void forget_extras(std::uint64_t id) noexcept {
  const std::lock_guard lock(few().mutex);
  few().extras.erase(id);
}

void begin_owned(CoroutineRecord& record, const Ownership& ownership) noexcept {
  const std::lock_guard lock(few().mutex);
  few().extras[get(record.id)].ownership = ownership;
  set(record, owned);
}

void operation_begins(CoroutineRecord& record) noexcept {
  std::shared_ptr<OwnerWatcher> canceled;
  {
    const std::lock_guard lock(few().mutex);
    const auto found = few().extras.find(get(root_of(record).id));
    if (found == few().extras.end() || !found->second.ownership.owner->done()) return;
    canceled = found->second.ownership.canceled.lock();
  }
  if (canceled) canceled->owner_ended();
}

// One record, as it was at one moment.
struct RecordCopy {
  const CoroutineRecord* record = nullptr;
  std::uint64_t id = 0;
  std::source_location at;
  CoroutineRecord* below = nullptr;
  std::uint64_t above = 0;
  const void* context = nullptr;
  std::uint32_t made = 0, since = 0;
  std::uint16_t size = 0, site = 0, spawner_site = 0;
  WaitKind wait{};
  std::uint8_t flags = 0;

  // False: it is free, or became another one's meanwhile.
  bool take(const CoroutineRecord& from) noexcept {
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
  bool waits() const noexcept { return (flags & started) && wait != WaitKind::none; }
};

// A root and the frames that wait for each other below it, from the root on.
struct ChainCopy {
  std::vector<RecordCopy> frames;

  bool take(const CoroutineRecord& root) {
    frames.resize(1);
    if (!frames[0].take(root) || (frames[0].flags & nested)) return false;
    constexpr std::size_t deepest = 10000;
    while (frames.back().waits() && frames.back().below && frames.size() < deepest) {
      RecordCopy next;
      const RecordCopy& parent = frames.back();
      if (!next.take(*parent.below) || !(next.flags & nested) ||
          next.above != reinterpret_cast<std::uintptr_t>(parent.record)) {
        break;  // it went on meanwhile
      }
      frames.push_back(next);
    }
    return root.id.load(std::memory_order_acquire) == frames[0].id;
  }
  const RecordCopy& root() const noexcept { return frames.front(); }
  const RecordCopy& innermost() const noexcept { return frames.back(); }
};

// Ticks as time.
class TickClock {
 public:
  TickClock() noexcept : now_(tick()) {
    const auto anchor = leash_coroutines.anchor_time.load(std::memory_order_acquire);
    time_ =
        std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
#if defined(__x86_64__)
    const std::uint64_t ticks = __builtin_ia32_rdtsc() - leash_coroutines.anchor_ticks.load();
    if (anchor != 0 && ticks != 0)
      length_ =
          static_cast<double>(time_ - anchor) / static_cast<double>(ticks) * static_cast<double>(1 << 24);
#else
    (void)anchor;
#endif
  }
  nanoseconds since(std::uint32_t then) const noexcept {
    return nanoseconds(static_cast<std::int64_t>(static_cast<double>(now_ - then) * length_));
  }
  nanoseconds since_steady(std::int64_t then) const noexcept { return nanoseconds(time_ - then); }

 private:
  std::uint32_t now_;
  std::int64_t time_;
  double length_ = 8e6;
};

namespace {

std::source_location site_at(std::uint16_t site) noexcept {
  return leash_coroutines.site[site].load(std::memory_order_acquire);
}

// Frames that are defined in Asio's headers, or in this library's, are not the program's.
bool in_library(const char* file) noexcept {
  for (const auto& each : leash_coroutines.library) {
    const char* const known = each.load(std::memory_order_acquire);
    if (known == nullptr) continue;
    const std::string_view path(known);
    const auto end = path.rfind("impl/use_awaitable.hpp");
    const auto root =
        end == std::string_view::npos ? path.substr(0, path.rfind('/') + 1) : path.substr(0, end);
    if (!root.empty() && std::string_view(file).starts_with(root)) return true;
  }
  constexpr std::string_view own = "leash/awaitable.hpp";
  return std::string_view(file).ends_with(own);
}
bool in_library(std::uint16_t site) noexcept {
  const std::source_location definition = site_at(site);
  return in_library(definition.file_name());
}

CoroutinePlace place_of(std::uint16_t site) {
  const std::source_location definition = site_at(site);
  if (site == other_site) return {"other", "other", 0};
  return {readable_function(definition.function_name()), definition.file_name(), definition.line()};
}

// The root's site; where that is the library's, that of the outermost frame of the program's own.
std::uint16_t site_of_chain(const ChainCopy& chain) noexcept {
  for (const RecordCopy& frame : chain.frames) {
    if (!in_library(frame.site)) return frame.site;
  }
  return chain.root().site;
}

bool is_alive(std::uint64_t id) noexcept {
  return record_at(slot_of(id)).id.load(std::memory_order_acquire) == id;
}

struct Verdict {
  CoroutineState state = CoroutineState::detached;
  bool spawner_ended = false;
  std::optional<nanoseconds> spawner_ended_for;
  std::shared_ptr<OwnerState> owner;
};

// What a look at all coroutines has in common.
class Look {
 public:
  explicit Look(const CoroutineFilter& filter)
      : filter_(filter), patience_(filter.patience.value_or(nanoseconds(patience_ns.load()))) {
    std::ranges::sort(filter_.without);
    const std::lock_guard lock(few().mutex);
    background_ = few().background;
  }

  const TickClock& clock() const noexcept { return clock_; }
  const CoroutineFilter& filter() const noexcept { return filter_; }

  Verdict judge(const ChainCopy& chain) {
    Verdict verdict;
    const RecordCopy& root = chain.root();
    if (root.flags & owned) {
      const std::lock_guard lock(few().mutex);
      if (const auto found = few().extras.find(root.id); found != few().extras.end())
        verdict.owner = found->second.ownership.owner;
    }
    if (verdict.owner) {
      const std::int64_t done_at = verdict.owner->done_at.load(std::memory_order_acquire);
      const nanoseconds orphan_for =
          done_at == 0 ? nanoseconds() : std::min(clock_.since_steady(done_at), clock_.since(root.made));
      verdict.state = done_at == 0                                 ? CoroutineState::owned
                      : orphan_for >= nanoseconds(grace_ns.load()) ? CoroutineState::leaked
                                                                   : CoroutineState::orphan;
      return verdict;
    }
    if (root.above == 0 || is_background(site_of_chain(chain))) {
      verdict.spawner_ended = root.above != 0 && !is_alive(root.above);
      return verdict;
    }
    verdict.state = CoroutineState::spawned;
    verdict.spawner_ended = !is_alive(root.above);
    if (!verdict.spawner_ended) return verdict;
    // The record of a spawner that ended is kept for a while, with the time of its end.
    const CoroutineRecord& spawner = record_at(slot_of(root.above));
    const std::uint32_t ended_at = spawner.since.load(std::memory_order_acquire);
    if (spawner.id.load(std::memory_order_acquire) == (root.above | free_bit))
      verdict.spawner_ended_for = clock_.since(ended_at);
    const RecordCopy& waits = chain.innermost();
    nanoseconds quiet = waits.waits() || !(waits.flags & started) ? clock_.since(waits.since) : nanoseconds();
    if (verdict.spawner_ended_for) quiet = std::min(quiet, *verdict.spawner_ended_for);
    if ((waits.waits() || !(waits.flags & started)) && quiet >= patience_)
      verdict.state = CoroutineState::stray;
    return verdict;
  }

  bool matches(const ChainCopy& chain, const Verdict& verdict) {
    const RecordCopy& root = chain.root();
    if (filter_.state && *filter_.state != verdict.state &&
        !(*filter_.state == CoroutineState::orphan && verdict.state == CoroutineState::leaked)) {
      return false;
    }
    if (filter_.context && (!(root.flags & started) || root.context != filter_.context)) return false;
    if (std::ranges::binary_search(filter_.without, root.id)) return false;
    if (filter_.min_age > nanoseconds() && clock_.since(root.made) < filter_.min_age) return false;
    return filter_.site.empty() || site_matches(site_of_chain(chain));
  }

  CoroutineInfo describe(const ChainCopy& chain, const Verdict& verdict) const {
    const RecordCopy& root = chain.root();
    const RecordCopy& innermost = chain.innermost();
    CoroutineInfo info;
    info.id = root.id;
    info.site = place_of(detail::site_of_chain(chain));
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
    if (root.flags & labeled) {
      const std::lock_guard lock(few().mutex);
      if (const auto found = few().extras.find(root.id); found != few().extras.end())
        info.label = found->second.label;
    }
    info.wait = innermost.waits() ? innermost.wait : WaitKind::none;
    if (innermost.waits()) info.waits_for = clock_.since(innermost.since);
    info.age = clock_.since(root.made);
    info.context = info.has_started ? root.context : nullptr;
    for (const RecordCopy& frame : chain.frames) info.frame_bytes += frame.size * std::size_t{16};
    for (auto frame = chain.frames.rbegin(); frame != chain.frames.rend(); ++frame) {
      if (in_library(frame->site)) continue;
      CoroutinePlace place = place_of(frame->site);
      place.file = frame->at.file_name();
      place.line = frame->at.line();
      info.frames.push_back(std::move(place));
    }
    return info;
  }

 private:
  // By site: each is compared with the patterns once for a look.
  enum class Known : std::uint8_t { not_asked, yes, no };
  bool is_background(std::uint16_t site) {
    if (background_.empty()) return false;
    return remembered(backgrounds_, site, [&] {
      const std::string function = place_of(site).function;
      return std::ranges::any_of(background_,
                                 [&](const std::string& name) { return detail::matches(name, function); });
    });
  }
  bool site_matches(std::uint16_t site) {
    return remembered(wanted_, site, [&] {
      const CoroutinePlace place = place_of(site);
      return contains(filter_.site, place.file + ":" + std::to_string(place.line));
    });
  }
  template <class Ask>
  static bool remembered(std::vector<Known>& known, std::uint16_t site, Ask ask) {
    if (known.empty()) known.resize(max_coroutine_sites);
    if (known[site] == Known::not_asked) known[site] = ask() ? Known::yes : Known::no;
    return known[site] == Known::yes;
  }

  CoroutineFilter filter_;
  const nanoseconds patience_;
  const TickClock clock_;
  std::vector<std::string> background_;
  std::vector<Known> backgrounds_;
  std::vector<Known> wanted_;
};

// Goes through all records; `each` returns false to stop for now.
class Walk {
 public:
  template <class Each>
  bool go_on(Each each) {
    const std::uint32_t slabs = leash_coroutines.slabs.load(std::memory_order_acquire);
    for (; at_ < slabs * records_per_slab; ++at_) {
      const CoroutineRecord& record = record_at(static_cast<std::uint32_t>(at_));
      if (record.id.load(std::memory_order_relaxed) & free_bit) continue;
      // One that goes on while it is looked at is looked at again.
      for (int attempt = 0; attempt < 3; ++attempt) {
        if (!chain_.take(record)) continue;
        if (!each(chain_)) {
          ++at_;
          return false;
        }
        break;
      }
    }
    return true;
  }

 private:
  std::size_t at_ = 0;
  ChainCopy chain_;
};

struct Shape {
  std::uint16_t site = 0;
  CoroutineState state{};
  WaitKind wait{};
  std::uint16_t spawner_site = 0;
  std::vector<std::uintptr_t> awaits;
  friend bool operator==(const Shape&, const Shape&) = default;
};
struct ShapeHash {
  std::size_t operator()(const Shape& shape) const noexcept {
    std::size_t hash = shape.site * 31u + static_cast<std::size_t>(shape.wait) * 7u +
                       static_cast<std::size_t>(shape.state) + shape.spawner_site * 65537u;
    for (const std::uintptr_t at : shape.awaits) hash = (hash ^ at) * 0x9e3779b97f4a7c15u;
    return hash;
  }
};

struct LetGo {
  std::mutex mutex;
  std::map<std::uint64_t, std::function<void(const CoroutineInfo&)>> hooks;
  std::uint64_t last_hook = 0;
  std::uint64_t last_told = 0;  // the root of which the innermost frame was told
};
LetGo& let_go() {
  static LetGo* const all = new LetGo;
  return *all;
}

}  // namespace

std::uint64_t watch_let_go(std::function<void(const CoroutineInfo&)> tell) {
  const std::lock_guard lock(let_go().mutex);
  let_go().hooks.emplace(++let_go().last_hook, std::move(tell));
  leash_coroutines.watched = true;
  return let_go().last_hook;
}

void unwatch_let_go(std::uint64_t number) {
  const std::lock_guard lock(let_go().mutex);
  let_go().hooks.erase(number);
  leash_coroutines.watched = !let_go().hooks.empty();
}

// The innermost frame goes first: then the chain is still whole.
void tell_let_go(CoroutineRecord& record) noexcept {
  const std::lock_guard lock(let_go().mutex);
  const CoroutineRecord& root = root_of(record);
  ChainCopy chain;
  if (get(root.id) == let_go().last_told || !chain.take(root)) return;
  let_go().last_told = get(root.id);
  Look look{CoroutineFilter()};
  const Verdict verdict = look.judge(chain);
  const CoroutineInfo info = look.describe(chain, verdict);
  for (const auto& [number, tell] : let_go().hooks) tell(info);
}

namespace {

std::string place_text(const CoroutinePlace& place) { return place.file + ":" + std::to_string(place.line); }

std::string key_of(const CoroutineInfo& info) {
  std::string key = place_text(info.site) + "|" + std::string(to_string(info.state)) + "|" +
                    std::string(to_string(info.wait)) + "|" + info.spawned_by;
  for (const CoroutinePlace& frame : info.frames) key += "|" + frame.function + "@" + place_text(frame);
  return key;
}

}  // namespace
}  // namespace detail

using detail::ChainCopy;
using std::chrono::nanoseconds;

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

std::vector<CoroutineInfo> coroutines(const CoroutineFilter& filter) {
  detail::Look look(filter);
  std::vector<CoroutineInfo> found;
  detail::Walk().go_on([&](const ChainCopy& chain) {
    const detail::Verdict verdict = look.judge(chain);
    if (look.matches(chain, verdict)) found.push_back(look.describe(chain, verdict));
    return true;
  });
  std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.age > b.age; });
  if (found.size() > filter.limit) found.resize(filter.limit);
  return found;
}

struct CoroutineGrouping::State {
  // NOLINTNEXTLINE(performance-move-const-arg)
  explicit State(CoroutineFilter filter) : look(std::move(filter)) {}

  void add(const ChainCopy& chain) {
    const detail::Verdict verdict = look.judge(chain);
    if (!look.matches(chain, verdict)) return;
    ++matched;
    shape.site = detail::site_of_chain(chain);
    shape.state = verdict.state;
    shape.wait = chain.innermost().waits() ? chain.innermost().wait : WaitKind::none;
    shape.spawner_site = chain.root().spawner_site;
    shape.awaits.clear();
    std::size_t bytes = 0;
    for (const detail::RecordCopy& frame : chain.frames) {
      shape.awaits.push_back(std::bit_cast<std::uintptr_t>(frame.at));
      bytes += frame.size * std::size_t{16};
    }
    const auto [at, is_new] = index.try_emplace(shape, groups.size());
    if (is_new) {
      groups.push_back({0, 0, look.describe(chain, verdict)});
      made.push_back(chain.root().made);
    } else if (look.clock().since(chain.root().made) > look.clock().since(made[at->second])) {
      groups[at->second].oldest = look.describe(chain, verdict);
      made[at->second] = chain.root().made;
    }
    CoroutineGroup& group = groups[at->second];
    ++group.count;
    group.frame_bytes += bytes;
    if (chain.innermost().waits()) group.waiting += look.clock().since(chain.innermost().since);
  }

  detail::Look look;
  detail::Walk walk;
  detail::Shape shape;
  std::unordered_map<detail::Shape, std::size_t, detail::ShapeHash> index;
  std::vector<CoroutineGroup> groups;
  std::vector<std::uint32_t> made;  // of each group's oldest
  std::size_t matched = 0;
};

CoroutineGrouping::CoroutineGrouping(CoroutineFilter filter)
    : state_(std::make_unique<State>(std::move(filter))) {}
CoroutineGrouping::CoroutineGrouping(CoroutineGrouping&&) noexcept = default;
CoroutineGrouping::~CoroutineGrouping() = default;

bool CoroutineGrouping::go_on(nanoseconds slice) {
  constexpr int coroutines_between_looks_at_the_clock = 32;
  const auto begin = std::chrono::steady_clock::now();
  int n = 0;
  return !state_->walk.go_on([&](const ChainCopy& chain) {
    state_->add(chain);
    return ++n % coroutines_between_looks_at_the_clock != 0 ||
           std::chrono::steady_clock::now() - begin < slice;
  });
}

std::size_t CoroutineGrouping::matched() const noexcept { return state_->matched; }

std::vector<CoroutineGroup> CoroutineGrouping::take() {
  // The same place in two translation units made two groups.
  std::vector<CoroutineGroup> merged;
  std::map<std::string, std::size_t> index;
  for (CoroutineGroup& group : state_->groups) {
    const auto [at, is_new] = index.try_emplace(detail::key_of(group.oldest), merged.size());
    if (is_new) {
      merged.push_back(std::move(group));
      continue;
    }
    CoroutineGroup& same = merged[at->second];
    same.count += group.count;
    same.frame_bytes += group.frame_bytes;
    same.waiting += group.waiting;
    if (group.oldest.age > same.oldest.age) same.oldest = std::move(group.oldest);
  }
  std::ranges::stable_sort(merged, [](const auto& a, const auto& b) { return a.count > b.count; });
  if (const std::size_t limit = state_->look.filter().limit; merged.size() > limit) merged.resize(limit);
  return merged;
}

std::vector<CoroutineGroup> group_coroutines(const CoroutineFilter& filter) {
  CoroutineGrouping grouping(filter);
  while (grouping.go_on(nanoseconds::max())) {
  }
  return grouping.take();
}

std::string to_text(const CoroutineInfo& coroutine) {
  std::string text = "coroutine " + std::to_string(coroutine.id) + " [";
  text += coroutine.has_started ? std::string(to_string(coroutine.wait)) : "not started";
  if (coroutine.wait != WaitKind::none) text += ", " + detail::short_duration(coroutine.waits_for);
  text += "]";
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
    text += coroutine.spawned_by;
    if (coroutine.spawner_ended) {
      text += ", which ended";
      if (coroutine.spawner_ended_for)
        text += " " + detail::short_duration(*coroutine.spawner_ended_for) + " ago";
    }
  }
  text += ", frames " + detail::short_bytes(coroutine.frame_bytes) + "\n";
  for (const CoroutinePlace& frame : coroutine.frames)
    detail::append_columns(text, "    " + frame.function, detail::place_text(frame));
  detail::append_columns(text, "coroutine of",
                         coroutine.site.function + " " + detail::place_text(coroutine.site));
  return text;
}

std::string to_text(const CoroutineGroup& group) {
  if (group.count == 1) return to_text(group.oldest);
  return std::to_string(group.count) + " coroutines like this one, the oldest; frames " +
         detail::short_bytes(group.frame_bytes) + "\n" + to_text(group.oldest);
}

std::string coroutine_dump(const CoroutineFilter& filter) {
  CoroutineGrouping grouping(filter);
  while (grouping.go_on(nanoseconds::max())) {
  }
  std::string text =
      std::to_string(grouping.matched()) + (grouping.matched() == 1 ? " coroutine\n" : " coroutines\n");
  for (const CoroutineGroup& group : grouping.take()) text += "\n" + to_text(group);
  return text;
}

std::vector<CoroutineSite> coroutine_sites() {
  std::map<std::pair<std::string, std::uint32_t>, CoroutineSite> sites;
  for (std::size_t i = 0; i < detail::max_coroutine_sites; ++i) {
    CoroutineSite site;
    for (auto* shard = leash_coroutines.shards.load(std::memory_order_acquire); shard; shard = shard->next) {
      const detail::SiteCounts& counts = shard->sites[i];
      // What finished first: it must not seem to be more than what started.
      for (std::size_t e = 0; e < detail::endings; ++e)
        site.finished[e] += counts.finished[e].load(std::memory_order_acquire);
      site.frame_bytes += counts.bytes.load(std::memory_order_relaxed);
    }
    for (auto* shard = leash_coroutines.shards.load(std::memory_order_acquire); shard; shard = shard->next)
      site.started += shard->sites[i].started.load(std::memory_order_acquire);
    if (site.started == 0) continue;
    site.place = detail::place_of(static_cast<std::uint16_t>(i));
    CoroutineSite& same = sites[{site.place.file, site.place.line}];
    same.place = std::move(site.place);
    same.started += site.started;
    same.frame_bytes += site.frame_bytes;
    for (std::size_t e = 0; e < detail::endings; ++e) same.finished[e] += site.finished[e];
  }
  std::vector<CoroutineSite> all;
  for (auto& [key, site] : sites) all.push_back(std::move(site));
  return all;
}

std::uint64_t live_coroutines() {
  std::uint64_t live = 0;
  for (const CoroutineSite& site : coroutine_sites()) live += site.live();
  return live;
}

std::uint64_t untracked_coroutines() noexcept {
  return leash_coroutines.untracked.load(std::memory_order_relaxed);
}

std::vector<std::uint64_t> coroutine_ids() {
  std::vector<std::uint64_t> ids;
  detail::Walk().go_on([&](const ChainCopy& chain) {
    ids.push_back(chain.root().id);
    return true;
  });
  std::ranges::sort(ids);
  return ids;
}

void set_patience(nanoseconds patience) noexcept { detail::patience_ns.store(patience.count()); }

void background(std::string_view function) {
  const std::lock_guard lock(detail::few().mutex);
  detail::few().background.emplace_back(function);
}

namespace {
[[maybe_unused]] const bool environment_is_read = [] {
  const char* const names = std::getenv("LEASH_BACKGROUND");
  for (std::string_view rest = names ? names : ""; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    if (end > 0) background(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}();
}  // namespace

std::uint64_t current_coroutine() noexcept {
  detail::CoroutineRecord* const current = detail::coroutine_thread.current;
  return current ? detail::get(detail::root_of(*current).id) : 0;
}

void label(std::string_view text) {
  detail::CoroutineRecord* const current = detail::coroutine_thread.current;
  if (current == nullptr) return;
  detail::CoroutineRecord& root = detail::root_of(*current);
  const std::lock_guard lock(detail::few().mutex);
  detail::few().extras[detail::get(root.id)].label = text;
  detail::set(root, detail::labeled);
}

}  // namespace leash
