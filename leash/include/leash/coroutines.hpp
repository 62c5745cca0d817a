// SPDX-License-Identifier: BSL-1.0
#pragma once
// The asio::awaitable coroutines that are alive: which, how many, where each waits, since when, who started it.
//
// What it is     reads what leash/awaitables.hpp tracks. Free of Asio and of loops; part of leash::registry.
// Guarantees     nothing is stopped or locked for it: a coroutine is shown as it is at one moment, one that runs by the
//                place where it last waited. Counts by site take as long as there are sites, however many coroutines
//                are alive.
// Threads        any thread, at any time. label and current_coroutine speak of what runs on the calling thread.
// Lifetime       results are plain data.
//
//   for (const leash::CoroutineGroup& group : leash::group_coroutines()) std::cerr << leash::to_text(group);
//   leash::CoroutineFilter filter;
//   filter.state = leash::CoroutineState::stray;
//   filter.context = &io;  // of this io_context alone
//   EXPECT_TRUE(leash::coroutines(filter).empty());

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "leash/wait_point.hpp"

namespace leash {

enum class CoroutineState : std::uint8_t {
  detached,  ///< spawned outside of any coroutine, or declared with background()
  spawned,   ///< a coroutine spawned it
  stray,  ///< so it was, that one has ended, and it has waited at one place for longer than the patience since
  owned,   ///< it has an owner (leash/owner.hpp), which is not done
  orphan,  ///< alive although its owner is done
  leaked,  ///< an orphan older than the grace
};
std::string_view to_string(CoroutineState state) noexcept;
std::optional<CoroutineState> parse_coroutine_state(std::string_view text) noexcept;

struct CoroutinePlace {
  std::string function;
  std::string file;
  std::uint32_t line = 0;
  friend bool operator==(const CoroutinePlace&, const CoroutinePlace&) = default;
};

std::string to_text(const CoroutinePlace& place);  ///< "path:line"

struct CoroutineInfo {
  std::uint64_t id = 0;
  std::string label;    ///< may be empty
  CoroutinePlace site;  ///< the coroutine that was spawned: where it is defined
  CoroutineState state = CoroutineState::detached;
  bool has_started = false;
  std::uint64_t spawner = 0;  ///< 0: it was spawned outside of any coroutine
  std::string spawned_by;     ///< the spawner's function
  bool spawner_ended = false;
  std::optional<std::chrono::nanoseconds> spawner_ended_for;  ///< where that is still known
  std::string owner;                                          ///< its label
  std::optional<std::chrono::nanoseconds> owner_done_for;
  std::string owner_cause;
  WaitKind wait = WaitKind::none;
  std::chrono::nanoseconds waits_for{};
  std::chrono::nanoseconds age{};
  std::size_t frame_bytes = 0;
  /// From the innermost outwards, the program's own, each at its co_await: at most max_frames, half of them the innermost
  /// ones and half the outermost; how many between them are left out.
  std::vector<CoroutinePlace> frames;
  std::size_t frames_left_out = 0;
  static constexpr std::size_t max_frames = 100;
  const void* context = nullptr;  ///< the address of its execution context; null until it has started
  std::uint64_t awaited_by = 0;   ///< the leash task that awaits it: they are one chain; 0: none
  std::uint64_t awaits_task = 0;  ///< the leash task that it awaits; 0: none
  CoroutinePlace task_site;       ///< where that was started
};

struct CoroutineFilter {
  std::optional<CoroutineState> state = {};  ///< orphan: the leaked ones, too
  std::string site = {};                     ///< a part of "path:line", or a pattern
  std::chrono::nanoseconds min_age{};
  const void* context = nullptr;            ///< the address of an io_context or thread_pool
  std::vector<std::uint64_t> without = {};  ///< these ids do not count: coroutine_ids() of before
  bool without_awaited = false;             ///< nor those that a leash task awaits: its report has them
  std::size_t limit = SIZE_MAX;
  std::optional<std::chrono::nanoseconds> patience = {};  ///< of this look; else set_patience's
};

/// Those that meet the filter, oldest first.
std::vector<CoroutineInfo> coroutines(const CoroutineFilter& filter = {});

/// Coroutines of one site in one state that wait in the same chain of awaits.
struct CoroutineGroup {
  std::size_t count = 0;
  std::size_t frame_bytes = 0;
  CoroutineInfo oldest;
  std::chrono::nanoseconds waiting{};  ///< of all of them together, each since its wait began
};
/// The largest group first.
std::vector<CoroutineGroup> group_coroutines(const CoroutineFilter& filter = {});

/// The same in slices: for who must not be held up by a million of them.
class CoroutineGrouping {
 public:
  explicit CoroutineGrouping(CoroutineFilter filter = {});
  CoroutineGrouping(CoroutineGrouping&&) noexcept;
  ~CoroutineGrouping();
  /// Looks at some more; false when all were looked at.
  bool go_on(std::chrono::nanoseconds slice = std::chrono::milliseconds(1));
  std::size_t matched() const noexcept;
  std::vector<CoroutineGroup> take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One entry of a dump; ends with a newline. Labels, owners, functions and places are escaped: they cannot look like
/// another entry, or steer a terminal.
std::string to_text(const CoroutineInfo& coroutine);
std::string to_text(const CoroutineGroup& group);
/// "3 coroutines" and all groups.
std::string coroutine_dump(const CoroutineFilter& filter = {});

/// What coroutines of a site did so far. O(sites).
struct CoroutineSite {
  CoroutinePlace place;
  std::uint64_t started = 0;
  std::array<std::uint64_t, 3> finished{};  ///< returned, by an exception, destroyed while it waited
  std::uint64_t frame_bytes = 0;            ///< of those alive
  std::uint64_t live() const noexcept { return started - finished[0] - finished[1] - finished[2]; }
};
std::vector<CoroutineSite> coroutine_sites();
/// Chains alive that have started.
std::uint64_t live_coroutines();
/// Frames that were not tracked because there was no memory for it.
std::uint64_t untracked_coroutines() noexcept;

/// Those alive, in rising order. An id is never used twice.
std::vector<std::uint64_t> coroutine_ids();

/// How long a coroutine whose spawner has ended may wait at one place before it is stray. 30 s.
void set_patience(std::chrono::nanoseconds patience) noexcept;
/// Functions whose coroutines may outlive their spawner: a name or a pattern, as reports have it ("app::session*").
/// The variable LEASH_BACKGROUND has more of them, with commas between.
void background(std::string_view function);

/// The coroutine that runs on this thread; 0: none.
std::uint64_t current_coroutine() noexcept;
/// Names the coroutine that runs on this thread, for reports: "conn 17".
void label(std::string_view text);

namespace detail {
/// How many leash tasks coroutines await, by the address of their loop's state and "path:line" of where they were started.
std::map<std::pair<const void*, std::string>, std::uint64_t> tasks_of_coroutines();
/// Called for each coroutine whose frames are destroyed where it waits, as with their io_context. The number of the hook.
std::uint64_t watch_let_go(std::function<void(const CoroutineInfo&)> tell);
void unwatch_let_go(std::uint64_t number);
}  // namespace detail

}  // namespace leash
