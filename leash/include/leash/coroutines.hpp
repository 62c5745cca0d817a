// SPDX-License-Identifier: BSL-1.0
#pragma once
// The live asio::awaitable coroutines: how many, where each waits, since when, and which coroutine spawned it.
//
// What it is     reads the data that leash/awaitables.hpp records. Independent of Asio and of loops; part of leash::registry.
// Guarantees     stops and locks nothing: each coroutine is shown as it is at one moment, a running one at the place where
//                it last waited. Counts by site take O(sites) time.
// Threads        any thread, at any time. label and current_coroutine are about the coroutine of the calling thread.
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
  stray,     ///< its spawner has ended, and it has waited at one place for longer than the patience since
  owned,     ///< it has an owner (leash/owner.hpp), which is not done
  orphan,    ///< its owner is done
  leaked,    ///< an orphan older than the grace
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
  CoroutinePlace site;  ///< the function of the spawned coroutine
  CoroutineState state = CoroutineState::detached;
  bool has_started = false;
  std::uint64_t spawner = 0;  ///< 0: it was spawned outside of any coroutine
  std::string spawned_by;     ///< the spawner's function
  bool spawner_ended = false;
  std::optional<std::chrono::nanoseconds> spawner_ended_for;  ///< if it has ended and that is still known
  std::string owner;                                          ///< the owner's label
  std::optional<std::chrono::nanoseconds> owner_done_for;
  std::string owner_cause;
  WaitKind wait = WaitKind::none;
  std::chrono::nanoseconds waits_for{};
  std::chrono::nanoseconds age{};
  std::size_t frame_bytes = 0;
  /// The program's own frames from the innermost outwards, each at its co_await: at most max_frames, half of them the
  /// innermost and half the outermost; `frames_left_out` counts those between.
  std::vector<CoroutinePlace> frames;
  std::size_t frames_left_out = 0;
  static constexpr std::size_t max_frames = 100;
  const void* context = nullptr;  ///< the address of its execution context; null until it has started
  std::uint64_t awaited_by = 0;   ///< the leash task that awaits it, as one chain; 0: none
  std::uint64_t awaits_task = 0;  ///< the leash task that it awaits; 0: none
  CoroutinePlace task_site;       ///< where that task was started
};

struct CoroutineFilter {
  std::optional<CoroutineState> state = {};  ///< orphan includes leaked
  std::string site = {};                     ///< part of "path:line", or a pattern
  std::chrono::nanoseconds min_age{};
  const void* context = nullptr;            ///< the address of an io_context or thread_pool
  std::vector<std::uint64_t> without = {};  ///< ids to leave out: an earlier coroutine_ids()
  bool without_awaited = false;             ///< leave out those that a leash task awaits; its report has them
  std::size_t limit = SIZE_MAX;
  std::optional<std::chrono::nanoseconds> patience = {};  ///< overrides set_patience()
};

/// The coroutines that match the filter, oldest first.
std::vector<CoroutineInfo> coroutines(const CoroutineFilter& filter = {});

/// Coroutines of one site in one state that wait in the same chain of awaits.
struct CoroutineGroup {
  std::size_t count = 0;
  std::size_t frame_bytes = 0;
  CoroutineInfo oldest;
  std::chrono::nanoseconds waiting{};  ///< sum of their waits, each since it began
};
/// The largest group first.
std::vector<CoroutineGroup> group_coroutines(const CoroutineFilter& filter = {});

/// The same in slices, for a thread that must not block for a million coroutines.
class CoroutineGrouping {
 public:
  explicit CoroutineGrouping(CoroutineFilter filter = {});
  CoroutineGrouping(CoroutineGrouping&&) noexcept;
  ~CoroutineGrouping();
  /// Processes another slice; returns false when all coroutines were processed.
  bool go_on(std::chrono::nanoseconds slice = std::chrono::milliseconds(1));
  std::size_t matched() const noexcept;
  std::vector<CoroutineGroup> take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One entry of a dump; ends with a newline. Labels, owners, functions and places are escaped, so they cannot be taken
/// for another entry and cannot control a terminal.
std::string to_text(const CoroutineInfo& coroutine);
std::string to_text(const CoroutineGroup& group);
/// "3 coroutines" and all groups.
std::string coroutine_dump(const CoroutineFilter& filter = {});

/// Totals of a site since the start. O(sites).
struct CoroutineSite {
  CoroutinePlace place;
  std::uint64_t started = 0;
  std::array<std::uint64_t, 3> finished{};  ///< by outcome: returned, exception, destroyed while waiting
  std::uint64_t frame_bytes = 0;            ///< frames of live coroutines
  std::uint64_t live() const noexcept { return started - finished[0] - finished[1] - finished[2]; }
};
std::vector<CoroutineSite> coroutine_sites();
/// Live coroutine chains that have started.
std::uint64_t live_coroutines();
/// Frames that were not tracked for lack of memory.
std::uint64_t untracked_coroutines() noexcept;

/// The ids of the live coroutines, ascending. An id is never used twice.
std::vector<std::uint64_t> coroutine_ids();

/// How long a coroutine whose spawner has ended may wait at one place before it counts as stray. Default 30 s.
void set_patience(std::chrono::nanoseconds patience) noexcept;
/// Declares functions whose coroutines may outlive their spawner: a name or pattern as in reports ("app::session*").
/// The environment variable LEASH_BACKGROUND adds a comma-separated list.
void background(std::string_view function);

/// The coroutine that runs on this thread; 0: none.
std::uint64_t current_coroutine() noexcept;
/// Names the coroutine that runs on this thread, for reports: "conn 17".
void label(std::string_view text);

namespace detail {
/// How many leash tasks coroutines await, by the address of their loop's state and "path:line" of where they were started.
std::map<std::pair<const void*, std::string>, std::uint64_t> tasks_of_coroutines();
/// Registers a function that is called for each coroutine destroyed while it waits, such as with its io_context. Returns
/// the number of the registration.
std::uint64_t watch_let_go(std::function<void(const CoroutineInfo&)> tell);
void unwatch_let_go(std::uint64_t number);
}  // namespace detail

}  // namespace leash
