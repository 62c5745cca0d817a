// SPDX-License-Identifier: BSL-1.0
#include "leash/coroutines.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "coroutine_extras.hpp"
#include "coroutine_look.hpp"
#include "leash/detail/coroutine_record.hpp"

namespace leash {
namespace detail {
namespace {

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
  std::uint64_t last_told = 0;  // the root whose innermost frame was canceled
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

std::map<std::pair<const void*, std::string>, std::uint64_t> tasks_of_coroutines() {
  std::map<std::pair<const void*, std::string>, std::uint64_t> places;
  Walk().go_on([&](const ChainCopy& chain) {
    if (!(chain.root().flags & mixed)) return true;
    const auto extras = extras_of(chain.root().id);
    if (extras && extras->awaits.id != 0)
      ++places[{extras->awaits.loop, to_text(place_at(extras->awaits.site))}];
    return true;
  });
  return places;
}

std::vector<MixedChain> mixed_chains(std::size_t most) {
  std::vector<MixedChain> found;
  Look look{CoroutineFilter()};
  Walk().go_on([&](const ChainCopy& chain) {
    if (!(chain.root().flags & (owned | mixed))) return true;
    const auto extras = extras_of(chain.root().id);
    if (!extras) return true;
    MixedChain mixed_chain;
    if (extras->ownership.awaited) mixed_chain.awaited_in = extras->ownership.awaited->loop;
    mixed_chain.awaits_in = extras->awaits.loop;
    if (!mixed_chain.awaited_in && !mixed_chain.awaits_in) return true;
    const Verdict verdict = look.judge(chain);
    mixed_chain.coroutine = look.describe(chain, verdict);
    found.push_back(std::move(mixed_chain));
    return found.size() < most;
  });
  return found;
}

// The innermost frame is destroyed first, so the chain is still complete.
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

std::string group_key(const CoroutineInfo& info) {
  std::string key = to_text(info.site) + "|" + std::string(to_string(info.state)) + "|" +
                    std::string(to_string(info.wait)) + "|" + info.spawned_by;
  for (const CoroutinePlace& frame : info.frames) key += "|" + frame.function + "@" + to_text(frame);
  return key;
}

}  // namespace
}  // namespace detail

using detail::ChainCopy;
using std::chrono::nanoseconds;

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
    shape.site = chain.site();
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
    } else if (look.clock().age(chain.root().made) > look.clock().age(made[at->second])) {
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
  std::vector<std::uint32_t> made;  // of the oldest of each group
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
  // The same place in two translation units is in two groups.
  std::vector<CoroutineGroup> merged;
  std::map<std::string, std::size_t> index;
  for (CoroutineGroup& group : state_->groups) {
    const auto [at, is_new] = index.try_emplace(detail::group_key(group.oldest), merged.size());
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
    const std::source_location known = leash_coroutines.site[i].load(std::memory_order_acquire);
    if (known.line() == 0 && i != detail::other_site) continue;
    CoroutineSite site;
    for (auto* shard = leash_coroutines.shards.load(std::memory_order_acquire); shard; shard = shard->next) {
      const detail::SiteCounts& counts = shard->sites[i];
      // Finished is read first, so that it does not exceed started.
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

}  // namespace leash
