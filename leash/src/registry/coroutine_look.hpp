// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads the coroutines of the registry: copies of records, whole chains, and their verdicts.
// Internal.
//
// Guarantees     a record that changes while it is copied is left out or copied again. No lock is taken.
// Threads        any; each object is used by one thread.
//
//   Look look(filter);
//   Walk().go_on([&](const ChainCopy& chain) {
//     if (const Verdict verdict = look.judge(chain); look.matches(chain, verdict)) found.push_back(look.describe(chain, verdict));
//     return true;
//   });

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "leash/coroutines.hpp"
#include "leash/detail/coroutine_record.hpp"
#include "leash/detail/owner_state.hpp"

namespace leash::detail {

// Whether the file is a header of Asio (`known` is the one that the registry knows) or of leash, so that its frames are
// not frames of the program.
bool is_library_file(std::string_view file, std::string_view known) noexcept;

// The unit of coarse_time().
inline constexpr std::chrono::nanoseconds coarse_unit = std::chrono::milliseconds(8);

// The default patience: how long a coroutine whose spawner has ended may wait before it is stray.
inline constexpr std::chrono::nanoseconds default_patience = std::chrono::seconds(30);

// A consistent copy of a record.
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

  // False if the record is free or was reused meanwhile.
  bool take(const CoroutineRecord& from) noexcept;
  bool waits() const noexcept { return (flags & started) && wait != WaitKind::none; }
};

// A root and the frames below it, each awaiting the next, beginning with the root.
struct ChainCopy {
  std::vector<RecordCopy> frames;

  bool take(const CoroutineRecord& root);
  const RecordCopy& root() const noexcept { return frames.front(); }
  const RecordCopy& innermost() const noexcept { return frames.back(); }
  // The site of the root; if that is in a library, the site of the outermost frame of the program.
  std::uint16_t site() const noexcept;
};

// Converts the times in records.
class TickClock {
 public:
  TickClock() noexcept;
  std::chrono::nanoseconds age(std::uint32_t made) const noexcept {
    return std::max(0, static_cast<std::int32_t>(coarse_now_ - made)) * coarse_unit;
  }
  std::chrono::nanoseconds since(std::uint32_t then) const noexcept {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(now_ - then) * length_));
  }
  std::chrono::nanoseconds since_steady(std::int64_t then) const noexcept {
    return std::chrono::nanoseconds(time_ - then);
  }

 private:
  std::uint32_t coarse_now_;
  std::uint32_t now_;
  std::int64_t time_;
  double length_ = 8e6;
};

// "[timer, 3.2s]". A coroutine that has started and does not wait is running.
std::string wait_text(const CoroutineInfo& coroutine);

CoroutinePlace place_at(const std::source_location& where);
CoroutinePlace place_of(std::uint16_t site);

// The frames of the program itself, the innermost first.
std::vector<const RecordCopy*> own_frames(const ChainCopy& chain);

struct Verdict {
  CoroutineState state = CoroutineState::detached;
  bool spawner_ended = false;
  std::optional<std::chrono::nanoseconds> spawner_ended_for;
  std::shared_ptr<OwnerState> owner;
  std::uint64_t awaited_by = 0;  // a task
};

// A coroutine in one chain with leash tasks.
struct MixedChain {
  CoroutineInfo coroutine;
  const void* awaited_in = nullptr;  // the loop of the task that awaits it; null if there is none
  const void* awaits_in = nullptr;   // of the task that it awaits
};
std::vector<MixedChain> mixed_chains(std::size_t most);

// Shared by all steps of one pass over the coroutines.
class Look {
 public:
  explicit Look(const CoroutineFilter& filter);

  const TickClock& clock() const noexcept { return clock_; }
  const CoroutineFilter& filter() const noexcept { return filter_; }

  Verdict judge(const ChainCopy& chain);
  bool matches(const ChainCopy& chain, const Verdict& verdict);
  CoroutineInfo describe(const ChainCopy& chain, const Verdict& verdict) const;

 private:
  // By site, so that each site is compared with the patterns only once per pass.
  enum class Known : std::uint8_t { not_asked, yes, no };
  bool is_background(std::uint16_t site);
  bool site_matches(std::uint16_t site);

  CoroutineFilter filter_;
  const std::chrono::nanoseconds patience_;
  const TickClock clock_;
  std::vector<std::string> background_;
  std::vector<Known> backgrounds_;
  std::vector<Known> wanted_;
};

// Visits all records; `each` returns false to pause.
class Walk {
 public:
  template <class Each>
  bool go_on(Each each) {
    const std::uint32_t slabs = leash_coroutines.slabs.load(std::memory_order_acquire);
    for (; at_ < slabs * records_per_slab; ++at_) {
      const CoroutineRecord& record = record_at(static_cast<std::uint32_t>(at_));
      if (record.id.load(std::memory_order_relaxed) & free_bit) continue;
      // A chain that continues while it is read is read again.
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

}  // namespace leash::detail
