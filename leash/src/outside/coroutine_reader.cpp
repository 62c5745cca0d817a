// SPDX-License-Identifier: BSL-1.0
#include "coroutine_reader.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <thread>
#include <tuple>
#include <utility>

#include "../registry/coroutine_look.hpp"
#include "leash/detail/coroutine_record.hpp"
#include "object.hpp"

namespace leash::outside {

using std::chrono::nanoseconds;

namespace {

// Limits for damaged memory.
constexpr std::uint32_t furthest_member = 1 << 28;
constexpr std::size_t deepest = 10'000;
constexpr std::size_t most_places = 100'000;
constexpr std::size_t longest_path = 4096;

constexpr double usual_tick_length = 8e6;

bool has_plausible_places(const CoroutineLayout& table) noexcept {
  const auto fits = [&](std::uint32_t offset) { return offset < table.record.size; };
  const auto& record = table.record;
  return record.size >= 8 && record.size <= 4096 && fits(record.id) && fits(record.at) &&
         fits(record.below) && fits(record.above) && fits(record.made) && fits(record.since) &&
         fits(record.frame_size) && fits(record.site) && fits(record.spawner_site) && fits(record.wait) &&
         fits(record.flags) && table.records_per_slab > 0 && table.records_per_slab <= 1 << 16 &&
         table.most_slabs <= 1 << 20 && table.sites <= 1 << 16 && table.libraries <= 64 &&
         table.records < 4096 && table.slabs < furthest_member && table.slab < furthest_member &&
         table.site < furthest_member && table.library < furthest_member &&
         table.anchor_ticks < furthest_member && table.anchor_time < furthest_member;
}

// The length of a tick on this machine, in nanoseconds. A core file is of this machine or of a similar one.
double measured_tick_length() {
#if defined(__x86_64__)
  static const double length = [] {
    using Clock = std::chrono::steady_clock;
    const auto begun = Clock::now();
    const std::uint64_t counted = __builtin_ia32_rdtsc();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto counts = static_cast<double>(__builtin_ia32_rdtsc() - counted);
    return static_cast<double>(nanoseconds(Clock::now() - begun).count()) / counts * (1 << 24);
  }();
  return length;
#else
  return usual_tick_length;
#endif
}

}  // namespace

struct CoroutineReader::Record {
  std::uint64_t address = 0;
  std::uint64_t id = detail::free_bit;
  std::uint64_t at = 0, below = 0, above = 0;
  std::uint32_t made = 0, since = 0;
  std::uint16_t size = 0, site = 0, spawner_site = 0;
  WaitKind wait = WaitKind::none;
  std::uint8_t flags = 0;

  bool is_free() const noexcept { return id & detail::free_bit; }
  bool has(detail::CoroutineFlag flag) const noexcept { return flags & flag; }
  bool waits() const noexcept { return has(detail::started) && wait != WaitKind::none; }
};

struct CoroutineReader::Chain {
  std::vector<Record> frames;  // beginning with the root
};

std::expected<CoroutineReader, std::string> CoroutineReader::open(CachedMemory& memory,
                                                                  std::uint64_t address) {
  CoroutineLayout table;
  constexpr std::size_t head = offsetof(CoroutineLayout, registry);
  if (!memory.read(address, &table, head))
    return std::unexpected("leash's table of coroutines is not in the available memory");
  if (table.magic != coroutine_magic)
    return std::unexpected("the data found in place of leash's table of coroutines is something else");
  if (table.version != coroutine_layout_version || table.size != sizeof table) {
    return std::unexpected("the process has coroutines in tables of another version (" +
                           std::to_string(table.version) + ", and this program reads " +
                           std::to_string(coroutine_layout_version) +
                           "): use the leash-client of that release");
  }
  if (!memory.read(address, &table, sizeof table))
    return std::unexpected("leash's table of coroutines cannot be read to its end");
  if (!has_plausible_places(table)) return std::unexpected("leash's table of coroutines is damaged");
  return CoroutineReader(memory, table);
}

void CoroutineReader::read_registry() {
  const auto registry = std::bit_cast<std::uint64_t>(table_.registry);
  const auto slabs = Object(*memory_, registry + table_.slabs, 4).at<std::uint32_t>(0);
  slabs_.clear();
  for (std::uint32_t i = 0; i < std::min(slabs, table_.most_slabs); ++i)
    slabs_.push_back(Object(*memory_, registry + table_.slab + 8ull * i, 8).pointer(0));
  anchor_ticks_ = Object(*memory_, registry + table_.anchor_ticks, 8).pointer(0);
  anchor_time_ = Object(*memory_, registry + table_.anchor_time, 8).at<std::int64_t>(0);
  if (slabs > table_.most_slabs) remarks_.emplace_back("the registry of coroutines is damaged");
  libraries_.clear();
  for (std::uint32_t i = 0; i < table_.libraries; ++i) {
    const std::uint64_t text = Object(*memory_, registry + table_.library + 8ull * i, 8).pointer(0);
    if (text != 0) libraries_.push_back(text_at(*memory_, text, longest_path));
  }
}

CoroutineReader::Record CoroutineReader::record_at(std::uint64_t address) {
  const auto& place = table_.record;
  const Object from(*memory_, address, place.size);
  if (!from) return {};
  Record record;
  record.address = address;
  record.id = from.at<std::uint64_t>(place.id);
  record.at = from.pointer(place.at);
  record.below = from.pointer(place.below);
  record.above = from.at<std::uint64_t>(place.above);
  record.made = from.at<std::uint32_t>(place.made);
  record.since = from.at<std::uint32_t>(place.since);
  record.size = from.at<std::uint16_t>(place.frame_size);
  record.site = from.at<std::uint16_t>(place.site);
  record.spawner_site = from.at<std::uint16_t>(place.spawner_site);
  const auto wait = from.at<std::uint8_t>(place.wait);
  record.wait = wait < wait_kinds ? static_cast<WaitKind>(wait) : WaitKind::not_tracked;
  record.flags = from.at<std::uint8_t>(place.flags);
  return record;
}

bool CoroutineReader::read_chain(std::uint64_t root, Chain& chain) {
  chain.frames.assign(1, record_at(root));
  if (chain.frames[0].is_free() || chain.frames[0].has(detail::nested)) return false;
  while (chain.frames.back().waits() && chain.frames.back().below != 0 && chain.frames.size() < deepest) {
    const Record next = record_at(chain.frames.back().below);
    if (next.is_free() || !next.has(detail::nested) || next.above != chain.frames.back().address) break;
    chain.frames.push_back(next);
  }
  return true;
}

std::uint64_t CoroutineReader::address_of(std::uint64_t id) const {
  const std::uint32_t slot = detail::slot_of(id);
  const std::size_t slab = slot / table_.records_per_slab;
  if (slab >= slabs_.size() || slabs_[slab] == 0) return 0;
  return slabs_[slab] + table_.records + std::uint64_t{slot % table_.records_per_slab} * table_.record.size;
}

nanoseconds CoroutineReader::since(std::uint32_t tick) const {
  const auto ticks = static_cast<std::int32_t>(now_ - tick);
  return nanoseconds(static_cast<std::int64_t>(std::max(ticks, 0) * tick_length_));
}

nanoseconds CoroutineReader::age(std::uint32_t made) const {
  return std::max(0, static_cast<std::int32_t>(coarse_now_ - made)) * detail::coarse_unit;
}

// The registry has a value of the counter and the time of that moment.
void CoroutineReader::read_clock(TimePoint now) {
  coarse_now_ = static_cast<std::uint32_t>(now.time_since_epoch() / detail::coarse_unit);
  now_ = detail::tick();
  tick_length_ = usual_tick_length;
#if defined(__x86_64__)
  const std::uint64_t ticks = __builtin_ia32_rdtsc() - anchor_ticks_;
  const double passed =
      static_cast<double>(nanoseconds(now.time_since_epoch()).count()) - static_cast<double>(anchor_time_);
  const double length = passed / static_cast<double>(ticks) * (1 << 24);
  constexpr double longest = 1e9;  // for damaged memory
  if (anchor_time_ > 0 && length > 0 && length < longest) tick_length_ = length;
#endif
}

// If the time is not known, it is the latest one in a record.
void CoroutineReader::see_time(const Record& record) {
  if (record.is_free()) return;
  const auto advance = [](std::uint32_t& to, std::uint32_t from) {
    if (static_cast<std::int32_t>(from - to) > 0) to = from;
  };
  advance(coarse_now_, record.made);
  if (record.since == 0) return;
  advance(now_, record.since);
  advance(coarse_now_, coarse_time_at(record.since));
}

std::uint32_t CoroutineReader::coarse_time_at(std::uint32_t tick) const {
#if defined(__x86_64__)
  constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max() / 2;  // for damaged memory
  if (anchor_time_ <= 0 || anchor_time_ > latest) return coarse_now_;
  const auto ticks = static_cast<std::int32_t>(tick - static_cast<std::uint32_t>(anchor_ticks_ >> 24));
  const nanoseconds time(anchor_time_ + static_cast<std::int64_t>(ticks * tick_length_));
  return static_cast<std::uint32_t>(time / detail::coarse_unit);
#else
  return tick;
#endif
}

CoroutinePlace CoroutineReader::place(std::uint64_t source_location) {
  if (const auto known = places_.find(source_location); known != places_.end()) return known->second;
  Frame frame = place_at(*memory_, source_location);
  CoroutinePlace place{std::move(frame.function), std::move(frame.file), frame.line};
  if (places_.size() < most_places) places_.emplace(source_location, place);
  return place;
}

CoroutinePlace CoroutineReader::site_at(std::uint16_t site) {
  if (site == detail::other_site || site >= table_.sites) return {"other", "other", 0};
  const auto [known, is_new] = sites_.try_emplace(site);
  if (is_new) {
    const auto registry = std::bit_cast<std::uint64_t>(table_.registry);
    known->second = Object(*memory_, registry + table_.site + 8ull * site, 8).pointer(0);
  }
  return place(known->second);
}

bool CoroutineReader::is_library(std::uint16_t site) {
  const std::string file = site_at(site).file;
  return std::ranges::any_of(libraries_,
                             [&](const std::string& known) { return detail::is_library_file(file, known); });
}

void CoroutineReader::judge(const Record& root, const Record& innermost, CoroutineInfo& info) {
  if (root.has(detail::owned)) {
    info.state = CoroutineState::owned;
    return;
  }
  if (root.above == 0) return;
  info.state = CoroutineState::spawned;
  info.spawner = root.above;
  info.spawned_by = site_at(root.spawner_site).function;
  const std::uint64_t address = address_of(root.above);
  const Record spawner = address != 0 ? record_at(address) : Record();
  info.spawner_ended = spawner.id != root.above;
  if (!info.spawner_ended) return;
  nanoseconds quiet{};
  if (innermost.waits()) quiet = since(innermost.since);
  if (!innermost.has(detail::started)) quiet = age(innermost.made);
  if (spawner.id == (root.above | detail::free_bit)) {
    info.spawner_ended_for = since(spawner.since);
    quiet = std::min(quiet, *info.spawner_ended_for);
  }
  if (quiet >= detail::default_patience) info.state = CoroutineState::stray;
}

CoroutineInfo CoroutineReader::describe(const Chain& chain) {
  const Record& root = chain.frames.front();
  const Record& innermost = chain.frames.back();
  CoroutineInfo info;
  info.id = root.id;
  const auto own =
      std::ranges::find_if(chain.frames, [&](const Record& frame) { return !is_library(frame.site); });
  info.site = site_at(own != chain.frames.end() ? own->site : root.site);
  info.has_started = root.has(detail::started);
  judge(root, innermost, info);
  if (innermost.waits()) {
    info.wait = innermost.wait;
    info.waits_for = since(innermost.since);
  }
  info.age = age(root.made);
  std::vector<const Record*> frames;
  for (auto frame = chain.frames.rbegin(); frame != chain.frames.rend(); ++frame) {
    info.frame_bytes += frame->size * std::size_t{16};
    if (!is_library(frame->site)) frames.push_back(&*frame);
  }
  constexpr std::size_t half = CoroutineInfo::max_frames / 2;
  if (frames.size() > 2 * half) {
    info.frames_left_out = frames.size() - 2 * half;
    frames.erase(frames.begin() + half, frames.end() - half);
  }
  for (const Record* frame : frames) {
    const CoroutinePlace at = place(frame->at);
    info.frames.push_back({site_at(frame->site).function, at.file, at.line});
  }
  return info;
}

std::vector<CoroutineGroup> CoroutineReader::groups() {
  remarks_.clear();
  read_registry();
  const auto now = memory_->now();
  if (now) read_clock(*now);
  // Site, state, wait, the site of the spawner, and the place of each frame.
  using Shape =
      std::tuple<std::uint16_t, CoroutineState, WaitKind, std::uint16_t, std::vector<std::uint64_t>>;
  std::map<Shape, CoroutineGroup> shapes;
  const auto each_record = [&](const auto& use) {
    for (const std::uint64_t slab : slabs_) {
      for (std::uint32_t i = 0; slab != 0 && i < table_.records_per_slab; ++i)
        use(slab + table_.records + std::uint64_t{i} * table_.record.size);
    }
  };
  if (!now) {
    tick_length_ = measured_tick_length();
    each_record([&](std::uint64_t address) { see_time(record_at(address)); });
  }
  Chain chain;
  std::size_t frames_left =
      slabs_.size() * table_.records_per_slab + 1;  // a larger number means damaged memory
  bool has_owned = false;
  each_record([&](std::uint64_t address) {
    if (frames_left == 0 || !read_chain(address, chain)) return;
    frames_left -= std::min(frames_left, chain.frames.size());
    const Record& root = chain.frames.front();
    has_owned = has_owned || root.has(detail::owned);
    CoroutineInfo info = describe(chain);
    Shape shape{root.site, info.state, info.wait, root.spawner_site, {}};
    for (const Record& frame : chain.frames) std::get<4>(shape).push_back(frame.at);
    CoroutineGroup& group = shapes[std::move(shape)];
    ++group.count;
    group.frame_bytes += info.frame_bytes;
    group.waiting += info.waits_for;
    if (group.count == 1 || info.age > group.oldest.age) group.oldest = std::move(info);
  });
  if (frames_left == 0) remarks_.emplace_back("coroutines refer to each other in a cycle: some are left out");
  if (has_owned) remarks_.emplace_back("from outside it is unknown whether the owner of a coroutine is done");
  std::vector<CoroutineGroup> all;
  for (auto& [shape, group] : shapes) all.push_back(std::move(group));
  std::ranges::stable_sort(all, std::ranges::greater(), &CoroutineGroup::count);
  return all;
}

}  // namespace leash::outside
