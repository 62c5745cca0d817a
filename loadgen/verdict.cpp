// SPDX-License-Identifier: BSL-1.0
#include "loadgen/verdict.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "units/duration.hpp"
#include "units/number.hpp"

namespace loadgen {
namespace {

std::vector<ServerObservation> in_order(const Evidence& evidence) {
  std::vector<ServerObservation> all;
  all.reserve(evidence.during.size() + 2);
  if (evidence.before) all.push_back(*evidence.before);
  all.insert(all.end(), evidence.during.begin(), evidence.during.end());
  if (evidence.after) all.push_back(*evidence.after);
  return all;
}

struct Restarts {
  int count = 0;
  std::int64_t leaked_before_the_last = 0;  // the largest number of leaked tasks of a process that has ended
};

Restarts restarts_in(std::span<const ServerObservation> all) {
  Restarts restarts;
  std::int64_t most_leaked = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    // Tasks that the first process had leaked before the load do not count.
    const bool first_process = all[i - 1].start_time == all.front().start_time;
    const std::int64_t known = first_process ? all.front().tasks_leaked : 0;
    most_leaked = std::max(most_leaked, all[i - 1].tasks_leaked - known);
    if (all[i].start_time == all[i - 1].start_time) continue;
    ++restarts.count;
    restarts.leaked_before_the_last = most_leaked;
  }
  return restarts;
}

std::int64_t left(std::int64_t before, std::int64_t after) {
  return std::max<std::int64_t>(0, after - before);
}

std::string counted(std::int64_t count, std::string_view what) {
  return units::counted(static_cast<std::uint64_t>(count), what);
}

// "4,500 tasks", with the number per request if it is known.
std::string describe(std::int64_t count, std::string_view what, std::int64_t requests) {
  if (requests == 0) return counted(count, what);
  const double each = static_cast<double>(count) / static_cast<double>(requests);
  return fmt::format("{} ({} per request)", counted(count, what), units::format_fixed(each, 2));
}

std::string describe_left(const Judgement& judgement) {
  std::vector<std::string> kinds;
  for (const auto& [count, name] :
       {std::pair{judgement.tasks_left, "task"}, std::pair{judgement.contexts_left, "context"},
        std::pair{judgement.timers_left, "timer"}}) {
    if (count > 0) kinds.push_back(describe(count, name, judgement.requests_seen));
  }
  std::string text;
  if (!kinds.empty()) text = fmt::format("{} left over after the drain", fmt::join(kinds, ", "));
  if (judgement.tasks_reaped == 0) return text;
  const std::string reaped = describe(judgement.tasks_reaped, "task", judgement.requests_seen);
  return fmt::format("{}{}{} leaked and {} reaped", text, text.empty() ? "" : "; ", reaped,
                     judgement.tasks_reaped == 1 ? "was" : "were");
}

void count_what_is_left(const Evidence& evidence, Judgement& judgement) {
  const ServerObservation& before = *evidence.before;
  const ServerObservation& after = *evidence.after;
  judgement.tasks_left = left(before.tasks, after.tasks);
  judgement.contexts_left = left(before.contexts, after.contexts);
  judgement.timers_left = left(before.timers, after.timers);
  judgement.tasks_reaped = left(before.tasks_reaped, after.tasks_reaped);

  const auto demo = left(before.demo_requests, after.demo_requests);
  if (!before.requests || !after.requests) {
    judgement.requests_seen = evidence.responses;
  } else {
    judgement.requests_seen = demo > 0 ? demo : left(*before.requests, *after.requests);
    judgement.requests_of_others = left(evidence.requests_sent, judgement.requests_seen);
  }
  if (judgement.requests_seen == 0) return;

  const auto requests = static_cast<double>(judgement.requests_seen);
  const bool has_heap = before.heap_bytes > 0 && after.heap_bytes > 0;
  const auto growth = has_heap ? after.heap_bytes - before.heap_bytes : after.rss_bytes - before.rss_bytes;
  judgement.leaked_per_request =
      static_cast<double>(judgement.tasks_left + judgement.tasks_reaped) / requests;
  judgement.bytes_per_request = static_cast<double>(growth) / requests;
}

// Why the result is unknown, whatever the server reports; empty if a request succeeded.
std::string without_success(const Evidence& evidence) {
  if (evidence.succeeded > 0) return {};
  if (!evidence.unreachable.empty()) return "the target cannot be reached: " + evidence.unreachable;
  if (evidence.measured == 0) return "no request was measured";
  return fmt::format("none of {} succeeded", counted(evidence.measured, "request"));
}

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::clean:
      return "clean";
    case Verdict::leak:
      return "leak";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

Judgement judge(const Evidence& evidence) {
  Judgement judgement;
  const auto decide = [&](Verdict verdict, std::string reason) {
    judgement.verdict = verdict;
    judgement.reason = std::move(reason);
    return judgement;
  };

  const auto restarts = restarts_in(in_order(evidence));
  judgement.restarts = restarts.count;
  if (evidence.before && evidence.after && restarts.count == 0) count_what_is_left(evidence, judgement);

  if (auto nothing = without_success(evidence); !nothing.empty())
    return decide(Verdict::unknown, std::move(nothing));
  if (!evidence.wanted) return decide(Verdict::unknown, "server metrics were not checked (--metrics none)");
  if (restarts.count > 0) {
    const std::string times = restarts.count == 1 ? "once" : units::format_count(restarts.count) + " times";
    if (restarts.leaked_before_the_last > 0) {
      return decide(Verdict::leak,
                    fmt::format("the server restarted {} during the load; before that, {} had been seen",
                                times, counted(restarts.leaked_before_the_last, "leaked task")));
    }
    return decide(
        Verdict::unknown,
        fmt::format("the server restarted {} during the load, so that what it left over is unknown", times));
  }
  if (!evidence.before || !evidence.after) {
    return decide(Verdict::unknown,
                  fmt::format("the server's metrics could not be read {} the load{}{}",
                              evidence.before ? "after" : "before", evidence.scrape_error.empty() ? "" : ": ",
                              evidence.scrape_error));
  }
  const auto what = describe_left(judgement);
  if (!evidence.settled && judgement.tasks_reaped == 0) {
    return decide(Verdict::unknown,
                  fmt::format("the server had not settled {} after the load (see --drain-timeout)",
                              units::format_duration(evidence.drain_timeout)));
  }
  if (what.empty()) {
    const auto seen = left(evidence.before->requests.value_or(0), evidence.after->requests.value_or(0));
    if (evidence.after->requests && seen < evidence.responses) {
      return decide(Verdict::unknown,
                    fmt::format("the server counted {} requests, but {} were answered: check that --metrics "
                                "is the address of this server, and of all of it",
                                units::format_count(seen), units::format_count(evidence.responses)));
    }
    return decide(Verdict::clean, "no task, context or timer was left over");
  }
  // Our own connections are closed by now. An idle connection of leash-server has three contexts and a timer.
  const auto others = left(evidence.before->connections, evidence.after->connections);
  if (judgement.tasks_left == 0 && judgement.tasks_reaped == 0 && judgement.contexts_left <= 4 * others &&
      judgement.timers_left <= 2 * others) {
    return decide(Verdict::unknown, fmt::format("{}, possibly by {} that other clients have opened", what,
                                                counted(others, "connection")));
  }
  return decide(Verdict::leak, what);
}

}  // namespace loadgen
