// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "loadgen/report/report_json.hpp"
#include "units/duration.hpp"

namespace loadgen {
namespace {

using Runs = std::vector<const RunResult*>;
using Process = std::pair<std::string, double>;  // the address of its metrics, and its start time

// Runs that observed the same process, or processes of one server that restarted.
struct Group {
  std::set<Process> processes;
  Runs runs;
};

std::vector<ServerObservation> observations_of(const RunResult& run) {
  const Evidence& evidence = run.evidence;
  std::vector<ServerObservation> all = evidence.during;
  if (evidence.before) all.insert(all.begin(), *evidence.before);
  if (evidence.after) all.push_back(*evidence.after);
  return all;
}

std::vector<Group> groups_of(std::span<const RunResult> runs) {
  std::vector<Group> groups;
  for (const RunResult& run : runs) {
    if (!run.evidence.wanted) continue;
    Group joined{.processes = {}, .runs = {&run}};
    for (const auto& seen : observations_of(run)) joined.processes.emplace(run.metrics, seen.start_time);
    std::vector<Group> apart;
    for (Group& group : groups) {
      const bool shared = std::ranges::any_of(
          group.processes, [&](const Process& process) { return joined.processes.contains(process); });
      if (!shared) {
        apart.push_back(std::move(group));
        continue;
      }
      joined.processes.merge(group.processes);
      joined.runs.insert(joined.runs.begin(), group.runs.begin(), group.runs.end());
    }
    apart.push_back(std::move(joined));
    groups = std::move(apart);
  }
  return groups;
}

void add_counts(Evidence& sum, const Evidence& more) {
  sum.requests_sent += more.requests_sent;
  sum.responses += more.responses;
  sum.measured += more.measured;
  sum.succeeded += more.succeeded;
  sum.drain_timeout = std::max(sum.drain_timeout, more.drain_timeout);
  if (sum.scrape_error.empty()) sum.scrape_error = more.scrape_error;
  if (sum.unreachable.empty()) sum.unreachable = more.unreachable;
}

// All observations in order: by process, then by its count of requests, and without a count by the clocks of the
// machines.
Evidence evidence_of(const Group& group) {
  struct Look {
    ServerObservation seen;
    std::chrono::system_clock::time_point at;
    bool is_end = false;  // the last one of a run after which the server had settled
    std::size_t order = 0;
  };
  Evidence evidence;
  std::vector<Look> looks;
  for (const RunResult* run : group.runs) {
    add_counts(evidence, run->evidence);
    const auto seen = observations_of(*run);
    for (const ServerObservation& each : seen) {
      const auto since_start =
          std::chrono::duration_cast<std::chrono::system_clock::duration>(each.at - seen[0].at);
      const bool last = &each == &seen.back() && run->evidence.after.has_value();
      looks.push_back({each, run->started_at + since_start, last && run->evidence.settled, looks.size()});
    }
  }
  if (looks.empty()) return evidence;
  std::ranges::sort(looks, [](const Look& a, const Look& b) {
    const auto key = [](const Look& look) {
      return std::tuple(look.seen.start_time, look.seen.requests.value_or(0), look.is_end, look.at,
                        look.order);
    };
    return key(a) < key(b);
  });
  evidence.before = looks.front().seen;
  evidence.after = looks.back().seen;
  evidence.settled = looks.back().is_end;
  for (std::size_t i = 1; i + 1 < looks.size(); ++i) evidence.during.push_back(looks[i].seen);
  return evidence;
}

void add_weighted(std::optional<double>& sum, double more, double weight, double weights_before) {
  sum = (sum.value_or(0) * weights_before + more * weight) / (weights_before + weight);
}

// Combines the verdicts of several servers.
void judge_all(const std::vector<Group>& groups, RunResult& all) {
  std::array<std::size_t, 3> verdicts{};
  const Judgement* worst = nullptr;
  std::string worst_at;
  std::vector<Judgement> judgements;
  judgements.reserve(groups.size());
  Evidence& evidence = all.evidence;
  evidence.settled = true;
  Judgement sum;
  const auto badness = [](const Judgement& j) {
    return j.verdict == Verdict::leak ? 2 : j.verdict == Verdict::unknown ? 1 : 0;
  };
  for (const Group& group : groups) {
    const Evidence one = evidence_of(group);
    const Judgement& judgement = judgements.emplace_back(judge(one));
    add(evidence.before, one.before);
    add(evidence.after, one.after);
    evidence.settled = evidence.settled && one.settled;
    add_counts(evidence, one);
    if (groups.size() == 1) evidence.during = one.during;

    if (judgement.leaked_per_request) {
      const auto seen = static_cast<double>(judgement.requests_seen);
      const auto before = static_cast<double>(sum.requests_seen);
      add_weighted(sum.leaked_per_request, *judgement.leaked_per_request, seen, before);
      add_weighted(sum.bytes_per_request, judgement.bytes_per_request.value_or(0), seen, before);
    }
    sum.restarts += judgement.restarts;
    sum.requests_seen += judgement.requests_seen;
    sum.requests_of_others += judgement.requests_of_others;
    sum.tasks_left += judgement.tasks_left;
    sum.contexts_left += judgement.contexts_left;
    sum.timers_left += judgement.timers_left;
    sum.tasks_reaped += judgement.tasks_reaped;
    ++verdicts[static_cast<std::size_t>(badness(judgement))];
    if (!worst || badness(judgement) > badness(*worst)) {
      worst = &judgement;
      worst_at = group.runs.front()->metrics;
    }
  }
  sum.verdict = worst->verdict;
  sum.reason = worst->reason;
  if (groups.size() > 1) {
    sum.reason =
        fmt::format("{} servers: {} clean, {} leak, {} unknown; {}{}", groups.size(), verdicts[0],
                    verdicts[2], verdicts[1], worst_at.empty() ? "" : worst_at + ": ", worst->reason);
  }
  all.judgement = sum;
}

// Second by second. The quantile of all runs cannot be computed from those of each run, so the highest one is used.
std::vector<Period> timeline_of(std::span<const RunResult> runs, const std::vector<Group>& groups,
                                std::chrono::system_clock::time_point start) {
  struct Second {
    Period period;
    std::map<const Group*, ServerObservation> seen;  // the last observation of each server
  };
  const auto group_of = [&](const RunResult& run) -> const Group* {
    const auto found = std::ranges::find_if(
        groups, [&](const Group& group) { return std::ranges::find(group.runs, &run) != group.runs.end(); });
    return found == groups.end() ? nullptr : &*found;
  };
  std::map<std::int64_t, Second> seconds;
  for (const RunResult& run : runs) {
    const Group* group = group_of(run);
    const double late = std::chrono::duration<double>(run.started_at - start).count();
    for (const Period& period : run.timeline) {
      const auto at = std::llround(std::ceil(period.seconds + late - 0.5));
      auto& [sum, seen] = seconds[at];
      sum.seconds = static_cast<double>(at);
      if (period.asked) sum.asked = sum.asked.value_or(0) + *period.asked;
      sum.sent += period.sent;
      sum.ok += period.ok;
      sum.errors += period.errors;
      if (period.p50) sum.p50 = std::max(sum.p50.value_or(0), *period.p50);
      if (period.p99) sum.p99 = std::max(sum.p99.value_or(0), *period.p99);
      if (!period.seen || !group) continue;
      const auto [place, fresh] = seen.emplace(group, *period.seen);
      if (!fresh && period.seen->requests.value_or(0) >= place->second.requests.value_or(0))
        place->second = *period.seen;
    }
  }
  std::vector<Period> timeline;
  for (auto& [at, second] : seconds) {
    for (const auto& [group, seen] : second.seen) add(second.period.seen, seen);
    timeline.push_back(second.period);
  }
  return timeline;
}

std::vector<ThresholdOutcome> thresholds_of(std::span<const RunResult> runs) {
  struct Votes {
    std::string text;
    std::int64_t runs = 0;
    std::int64_t met = 0;
  };
  std::vector<Votes> all;  // in the order of their first occurrence
  std::unordered_map<std::string, std::size_t> places;
  for (const RunResult& run : runs) {
    for (const ThresholdOutcome& each : run.thresholds) {
      const auto [place, is_new] = places.emplace(each.text, all.size());
      if (is_new) all.push_back({each.text});
      ++all[place->second].runs;
      all[place->second].met += each.met ? 1 : 0;
    }
  }
  std::vector<ThresholdOutcome> outcomes;
  for (const auto& [text, count, met] : all) {
    outcomes.push_back({text, {}, fmt::format("met by {} of {} runs", met, count), met == count});
  }
  return outcomes;
}

// Each note once, in the order of its first occurrence.
std::vector<std::string> distinct_notes(std::span<const RunResult> runs) {
  std::vector<std::string> notes;
  std::unordered_set<std::string_view> known;
  for (const RunResult& run : runs) {
    for (const std::string& note : run.notes) {
      if (known.insert(note).second) notes.push_back(note);
    }
  }
  return notes;
}

// The sum of the rates is reached only while all runs are active.
void note_gaps(std::span<const RunResult> runs, std::vector<std::string>& notes) {
  auto last_start = runs[0].started_at;
  auto first_end = std::chrono::system_clock::time_point::max();
  for (const RunResult& run : runs) {
    const auto lasted =
        std::chrono::duration_cast<std::chrono::system_clock::duration>(run.warmup + run.elapsed);
    last_start = std::max(last_start, run.started_at);
    first_end = std::min(first_end, run.started_at + lasted);
  }
  if (last_start < first_end) return;
  notes.push_back(
      fmt::format("The runs did not all overlap: the last one began {} after the first one had "
                  "ended. The sum of their rates was never reached.",
                  units::rounded_duration(last_start - first_end)));
}

// The process's own count of requests gives the order of the observations. If the clocks give another order, they differ.
void note_clocks(const std::vector<Group>& groups, std::vector<std::string>& notes) {
  struct Look {
    double process = 0;
    std::int64_t requests = 0;
    std::chrono::system_clock::time_point at;
  };
  auto apart = std::chrono::system_clock::duration::zero();
  for (const Group& group : groups) {
    std::vector<Look> looks;
    for (const RunResult* run : group.runs) {
      const auto seen = observations_of(*run);
      for (const ServerObservation& each : seen) {
        const auto since_start =
            std::chrono::duration_cast<std::chrono::system_clock::duration>(each.at - seen[0].at);
        if (each.requests) looks.push_back({each.start_time, *each.requests, run->started_at + since_start});
      }
    }
    std::ranges::sort(looks, {}, [](const Look& look) { return std::pair(look.process, look.requests); });
    auto latest_of_fewer = std::chrono::system_clock::time_point::min();
    auto latest = latest_of_fewer;
    for (std::size_t i = 0; i < looks.size(); ++i) {
      const bool same_process = i > 0 && looks[i].process == looks[i - 1].process;
      if (!same_process) latest = latest_of_fewer = std::chrono::system_clock::time_point::min();
      if (same_process && looks[i].requests > looks[i - 1].requests) latest_of_fewer = latest;
      if (latest_of_fewer > looks[i].at) apart = std::max(apart, latest_of_fewer - looks[i].at);
      latest = std::max(latest, looks[i].at);
    }
  }
  if (apart < std::chrono::seconds(2)) return;  // scrapes themselves take time
  notes.push_back(
      fmt::format("The clocks of the machines differ by at least {}: the seconds of the timeline do not "
                  "match.",
                  units::rounded_duration(apart)));
}

// The common value of all runs, or an empty text.
std::string common(std::span<const RunResult> runs, std::string RunResult::*member) {
  const bool same =
      std::ranges::all_of(runs, [&](const RunResult& r) { return r.*member == runs[0].*member; });
  return same ? runs[0].*member : std::string();
}

}  // namespace

std::optional<std::string> cannot_merge(std::span<const RunResult> runs) {
  std::unordered_set<std::string_view> ids;
  for (const RunResult& run : runs) {
    if (run.runs != 1) return "it is a merged report; merge the original reports instead";
    if (!run.id.empty() && !ids.insert(run.id).second) return "the same run is in another of the reports";
  }
  return std::nullopt;
}

RunResult merge(std::span<const RunResult> runs) {
  RunResult all = runs[0];
  if (runs.size() == 1) return all;
  all.id.clear();
  all.target = common(runs, &RunResult::target);
  if (all.target.empty()) all.target = runs[0].target + " and others";
  all.metrics = common(runs, &RunResult::metrics);
  all.mode = common(runs, &RunResult::mode);
  const std::string plan = common(runs, &RunResult::plan);
  all.plan = fmt::format("{} runs: {}", runs.size(), plan.empty() ? "of different plans" : "each " + plan);
  all.notes = distinct_notes(runs);
  for (const RunResult& run : runs.subspan(1)) {
    all.started_at = std::min(all.started_at, run.started_at);
    all.runs += run.runs;
    if (all.leaks.empty()) all.leaks = run.leaks;  // the leaks of one server
    add_load(all, run);
  }
  note_gaps(runs, all.notes);
  const auto groups = groups_of(runs);
  note_clocks(groups, all.notes);
  all.timeline = timeline_of(runs, groups, all.started_at);
  all.thresholds = thresholds_of(runs);
  all.evidence = {};
  if (!groups.empty()) {
    judge_all(groups, all);
    return all;
  }
  all.evidence.wanted = false;  // no run observed a server
  for (const RunResult& run : runs) add_counts(all.evidence, run.evidence);
  all.judgement = judge(all.evidence);
  return all;
}

}  // namespace loadgen
