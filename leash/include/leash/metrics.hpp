// SPDX-License-Identifier: BSL-1.0
#pragma once
// The counters and gauges of a loop.
//
// What it is     one Metrics object per loop: a fixed table of sites (at most 256, the last one is "other"), metrics of
//                contexts and timers, and the histogram of cancel latencies.
// Guarantees     updated incrementally; reading is O(sites), never O(tasks), and works while the loop is stuck. Metrics
//                of one site may differ from each other by a few events, but are never torn.
// Threads        written only by the loop's thread; readable on any thread at any time (relaxed atomics).
// Lifetime       shared; it may outlive its loop.
//
//   std::shared_ptr<const leash::Metrics> metrics = loop.metrics();
//   for (const leash::SiteMetrics& site : metrics->sites()) use(site.file, site.line, site.live());

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string_view>

#include "leash/clock.hpp"
#include "leash/wait_point.hpp"

namespace leash {

/// Whether a task works for a request or for the program itself.
enum class Role : std::uint8_t { system, request };
inline constexpr std::size_t roles = 2;
constexpr std::string_view to_string(Role role) noexcept {
  return role == Role::request ? "request" : "system";
}

enum class Outcome : std::uint8_t {
  returned,  ///< its work is done
  error,     ///< it returned an error, or an exception escaped it
  canceled,  ///< it returned a cancellation error, or returned after its owner was done
  reaped,    ///< its frames were destroyed before it returned
};
inline constexpr std::size_t outcomes = 4;
constexpr std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::returned:
      return "returned";
    case Outcome::error:
      return "error";
    case Outcome::canceled:
      return "canceled";
    case Outcome::reaped:
      return "reaped";
  }
  return "unknown";
}

/// Why contexts became done.
enum class Cause : std::uint8_t { finished, canceled, deadline, disconnected, shutdown, parent, other };
inline constexpr std::size_t causes = 7;
constexpr std::string_view to_string(Cause cause) noexcept {
  switch (cause) {
    case Cause::finished:
      return "finished";
    case Cause::canceled:
      return "canceled";
    case Cause::deadline:
      return "deadline";
    case Cause::disconnected:
      return "disconnected";
    case Cause::shutdown:
      return "shutdown";
    case Cause::parent:
      return "parent";
    case Cause::other:
      return "other";
  }
  return "unknown";
}

/// A counter with one writer and any number of readers.
class Figure {
 public:
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(std::uint64_t amount = 1) noexcept { set(get() + amount); }
  void subtract(std::uint64_t amount = 1) noexcept { set(get() - amount); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct SiteMetrics {
  const char* file = "";      ///< relative to the source root; never null
  const char* function = "";  ///< the function that started the tasks, as the compiler spells it
  std::uint32_t line = 0;

  std::array<Figure, roles> live_by_role;
  Figure started;
  std::array<Figure, outcomes> finished;
  Figure orphaned;                          ///< alive although the owner is done
  std::array<Figure, wait_kinds> leaked;    ///< orphans older than the grace, by kind of wait
  Figure leaks;                             ///< ever leaked
  Figure leaks_reaped;                      ///< leaked tasks ended by force
  std::array<Figure, wait_kinds> stranded;  ///< alive, and nothing can ever wake them (leash/stranded.hpp)
  Figure detached;                          ///< alive, under an owner that can never be done
  Figure uncancellable;      ///< found in an operation without a cancellation path when the context ended
  Figure frame_bytes;        ///< held by the frames of live tasks when they suspended
  Figure contexts_orphaned;  ///< made there, and not done although the owner of their maker is
  Figure contexts_outlived;  ///< made there, and outlived (leash/contexts.hpp)
  Figure contexts_ever_outlived;                ///< total found so since the start
  std::atomic<std::int64_t> oldest_started{0};  ///< TimePoint of the oldest live task; 0: none

  std::uint64_t live() const noexcept { return live_by_role[0].get() + live_by_role[1].get(); }
  std::uint64_t leaked_now() const noexcept {
    std::uint64_t sum = 0;
    for (const Figure& figure : leaked) sum += figure.get();
    return sum;
  }
};

class Metrics {
 public:
  static constexpr std::size_t max_sites = 256;
  static constexpr std::uint16_t other_site = max_sites - 1;  ///< of all sites that found the table full
  /// Upper bounds of the cancel-latency histogram, in seconds; one more bucket is unbounded.
  static constexpr std::array<double, 14> latency_bounds{.0005, .001, .0025, .005, .01, .025, .05,
                                                         .1,    .25,  .5,    1,    2.5, 5,    10};

  std::span<const SiteMetrics> sites() const noexcept {
    return {sites_.data(), count_.load(std::memory_order_acquire)};
  }

  /// Contexts that have outlived the owner of the task that made them.
  std::uint64_t outlived_now() const noexcept {
    std::uint64_t sum = 0;
    for (const SiteMetrics& site : sites()) sum += site.contexts_outlived.get();
    return sum;
  }

  /// The index of the site, which is entered at its first use. The loop's thread.
  std::uint16_t site(const std::source_location& where) noexcept;
  SiteMetrics& at(std::uint16_t index) noexcept { return sites_[index]; }

  void observe_cancel_latency(Duration latency) noexcept;

  Figure live_tasks;
  Figure contexts_live;  ///< not yet done
  Figure contexts_held;  ///< done, but still referenced
  std::array<Figure, causes> contexts_done;
  Figure timers_armed;
  Figure exceptions;                                             ///< that escaped a task started by go()
  std::array<Figure, latency_bounds.size() + 1> cancel_latency;  ///< of tasks that were not reaped
  Figure cancel_latency_nanoseconds;                             ///< sum

 private:
  struct Slot {
    const char* file = nullptr;
    std::uint32_t line = 0;
    std::uint16_t index = 0;
  };

  std::array<SiteMetrics, max_sites> sites_;
  std::array<Slot, 2 * max_sites> slots_;
  std::atomic<std::size_t> count_{0};
};

/// The name in version 0.1, kept for one more version.
using Figures [[deprecated("is called leash::Metrics")]] = Metrics;

/// Memory of coroutine frames and other small objects, for the whole process: mapped from the operating system, and in
/// use. Any thread.
struct FramePoolUsage {
  std::size_t mapped_bytes;
  std::size_t used_bytes;
};
FramePoolUsage frame_pool_usage() noexcept;

}  // namespace leash
