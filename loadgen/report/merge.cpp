// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/merge.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "units/text.hpp"

namespace loadgen {
namespace {

using Runs = std::vector<const RunResult*>;
using Process = std::pair<std::string, double>;  // where it was looked at, and when it started

// Runs that saw the same process; or, of a server that restarted, one of its processes.
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

// All that was seen, in the order in which it was: processes do not overlap, each counts its requests upwards, and
// where nothing is counted the machines' clocks have to do.
Evidence evidence_of(const Group& group) {
  struct Look {
    ServerObservation seen;
    std::chrono::system_clock::time_point at;
    bool is_end = false;  // of a run that saw the server at rest
    std::size_t order = 0;
  };
  Evidence evidence;
  std::vector<Look> looks;
  for (const RunResult* run : group.runs) {
    evidence.drain_timeout = std::max(evidence.drain_timeout, run->evidence.drain_timeout);
    evidence.requests_sent += run->evidence.requests_sent;
    evidence.responses += run->evidence.responses;
    if (evidence.scrape_error.empty()) evidence.scrape_error = run->evidence.scrape_error;
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
      return std::tuple(look.seen.start_time, look.seen.requests, look.is_end, look.at, look.order);
    };
    return key(a) < key(b);
  });
  evidence.before = looks.front().seen;
  evidence.after = looks.back().seen;
  evidence.settled = looks.back().is_end;
  for (std::size_t i = 1; i + 1 < looks.size(); ++i) evidence.during.push_back(looks[i].seen);
  return evidence;
}

void add(std::optional<ServerObservation>& sum, const std::optional<ServerObservation>& more) {
  if (!sum || !more) {
    if (!sum) sum = more;
    return;
  }
  sum->tasks += more->tasks;
  sum->tasks_leaked += more->tasks_leaked;
  sum->contexts += more->contexts;
  sum->timers += more->timers;
  sum->connections += more->connections;
  sum->rss_bytes += more->rss_bytes;
  sum->heap_bytes += more->heap_bytes;
  sum->requests += more->requests;
  sum->demo_requests += more->demo_requests;
  sum->counts_requests = sum->counts_requests && more->counts_requests;
}

void add(std::optional<double>& sum, double more, double weight, double weights_before) {
  sum = (sum.value_or(0) * weights_before + more * weight) / (weights_before + weight);
}

// The verdicts of several servers as one.
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
    evidence.requests_sent += one.requests_sent;
    evidence.responses += one.responses;
    evidence.drain_timeout = std::max(evidence.drain_timeout, one.drain_timeout);
    if (evidence.scrape_error.empty()) evidence.scrape_error = one.scrape_error;
    if (groups.size() == 1) evidence.during = one.during;

    if (judgement.leaked_per_request) {
      const auto seen = static_cast<double>(judgement.requests_seen);
      const auto before = static_cast<double>(sum.requests_seen);
      add(sum.leaked_per_request, *judgement.leaked_per_request, seen, before);
      add(sum.bytes_per_request, judgement.bytes_per_request.value_or(0), seen, before);
    }
    sum.restarts += judgement.restarts;
    sum.requests_seen += judgement.requests_seen;
    sum.requests_of_others += judgement.requests_of_others;
    sum.tasks_left += judgement.tasks_left;
    sum.contexts_left += judgement.contexts_left;
    sum.timers_left += judgement.timers_left;
    ++verdicts[static_cast<std::size_t>(badness(judgement))];
    if (!worst || badness(judgement) > badness(*worst)) {
      worst = &judgement;
      worst_at = group.runs.front()->metrics;
    }
  }
  sum.verdict = worst->verdict;
  sum.reason = worst->reason;
  if (groups.size() > 1) {
    sum.reason = "of " + format_count(static_cast<std::int64_t>(groups.size())) + " servers " +
                 format_count(static_cast<std::int64_t>(verdicts[0])) + " are clean, " +
                 format_count(static_cast<std::int64_t>(verdicts[2])) + " leak, " +
                 format_count(static_cast<std::int64_t>(verdicts[1])) + " are unknown; " +
                 (worst_at.empty() ? "" : worst_at + ": ") + worst->reason;
  }
  all.judgement = sum;
}

// Second by second. A quantile over all of them cannot be had from those of each: the highest is taken.
std::vector<Moment> timeline_of(std::span<const RunResult> runs, const std::vector<Group>& groups,
                                std::chrono::system_clock::time_point start) {
  struct Second {
    Moment moment;
    std::map<const Group*, ServerObservation> seen;  // of each server the last look
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
    for (const Moment& moment : run.timeline) {
      const auto at = std::llround(std::ceil(moment.seconds + late - 0.5));
      auto& [sum, seen] = seconds[at];
      sum.seconds = static_cast<double>(at);
      if (moment.asked) sum.asked = sum.asked.value_or(0) + *moment.asked;
      sum.sent += moment.sent;
      sum.ok += moment.ok;
      sum.errors += moment.errors;
      if (moment.p50) sum.p50 = std::max(sum.p50.value_or(0), *moment.p50);
      if (moment.p99) sum.p99 = std::max(sum.p99.value_or(0), *moment.p99);
      if (!moment.seen || !group) continue;
      const auto [place, fresh] = seen.emplace(group, *moment.seen);
      if (!fresh && moment.seen->requests >= place->second.requests) place->second = *moment.seen;
    }
  }
  std::vector<Moment> timeline;
  for (auto& [at, second] : seconds) {
    for (const auto& [group, seen] : second.seen) add(second.moment.seen, seen);
    timeline.push_back(second.moment);
  }
  return timeline;
}

std::vector<ThresholdOutcome> thresholds_of(std::span<const RunResult> runs) {
  struct Votes {
    std::int64_t runs = 0;
    std::int64_t met = 0;
  };
  std::vector<std::pair<std::string, Votes>> votes;  // in the order in which they come
  for (const RunResult& run : runs) {
    for (const ThresholdOutcome& each : run.thresholds) {
      auto found = std::ranges::find(votes, each.text, [](const auto& vote) { return vote.first; });
      if (found == votes.end()) found = votes.insert(votes.end(), {each.text, {}});
      ++found->second.runs;
      found->second.met += each.met ? 1 : 0;
    }
  }
  std::vector<ThresholdOutcome> outcomes;
  for (const auto& [text, vote] : votes) {
    outcomes.push_back(
        {.text = text,
         .value = {},
         .shown = "met by " + format_count(vote.met) + " of " + format_count(vote.runs) + " runs",
         .met = vote.met == vote.runs});
  }
  return outcomes;
}

// What all of them have, or the empty text.
std::string common(std::span<const RunResult> runs, std::string RunResult::*member) {
  const bool same =
      std::ranges::all_of(runs, [&](const RunResult& r) { return r.*member == runs[0].*member; });
  return same ? runs[0].*member : std::string();
}

}  // namespace

RunResult merge(std::span<const RunResult> runs) {
  RunResult all = runs[0];
  if (runs.size() == 1) return all;
  const auto count = format_count(static_cast<std::int64_t>(runs.size()));
  all.target = common(runs, &RunResult::target);
  if (all.target.empty()) all.target = runs[0].target + " and others";
  all.metrics = common(runs, &RunResult::metrics);
  all.mode = common(runs, &RunResult::mode);
  const std::string plan = common(runs, &RunResult::plan);
  all.plan = count + " runs: " + (plan.empty() ? "of different plans" : "each " + plan);
  for (const RunResult& run : runs.subspan(1)) {
    all.started_at = std::min(all.started_at, run.started_at);
    all.elapsed = std::max(all.elapsed, run.elapsed);
    all.runs += run.runs;
    all.requests.sent += run.requests.sent;
    all.requests.ok += run.requests.ok;
    all.requests.errors += run.requests.errors;
    all.requests.aborted += run.requests.aborted;
    all.requests.refused += run.requests.refused;
    for (const auto& [status, number] : run.requests.by_status) all.requests.by_status[status] += number;
    for (const auto& [error, number] : run.requests.by_error) all.requests.by_error[error] += number;
    all.latency.merge(run.latency);
    all.rate_asked =
        all.rate_asked && run.rate_asked ? std::optional(*all.rate_asked + *run.rate_asked) : std::nullopt;
    all.rate_reached += run.rate_reached;
    all.unsent += run.unsent;
    for (const std::string& note : run.notes) {
      if (std::ranges::find(all.notes, note) == all.notes.end()) all.notes.push_back(note);
    }
  }
  std::erase(all.notes, no_answer_note);  // others may have had some
  const auto groups = groups_of(runs);
  all.timeline = timeline_of(runs, groups, all.started_at);
  all.thresholds = thresholds_of(runs);
  all.evidence = {};
  if (groups.empty()) {  // nobody was to look
    all.evidence.wanted = false;
    for (const RunResult& run : runs) {
      all.evidence.requests_sent += run.evidence.requests_sent;
      all.evidence.responses += run.evidence.responses;
    }
    all.judgement = judge(all.evidence);
  } else {
    judge_all(groups, all);
  }
  return all;
}

}  // namespace loadgen
