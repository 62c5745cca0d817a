// SPDX-License-Identifier: BSL-1.0
#include "loadgen/verdict.hpp"

#include <algorithm>
#include <span>

#include "units/text.hpp"

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
  std::int64_t leaked_before_the_last = 0;  // the most tasks that a process leaked which is now gone
};

Restarts restarts_in(std::span<const ServerObservation> all) {
  Restarts restarts;
  std::int64_t most_leaked = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    // What the first process had leaked before the load is not of the load.
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

// "4,500 tasks left over" with what each request left, when that is known.
std::string describe(std::int64_t count, std::string_view what, std::int64_t requests) {
  std::string text = format_count(count) + " " + std::string{what} + (count == 1 ? "" : "s");
  if (requests > 0) {
    text +=
        " (" + format_fixed(static_cast<double>(count) / static_cast<double>(requests), 2) + " a request)";
  }
  return text;
}

std::string describe_left(const Judgement& judgement) {
  struct Kind {
    std::int64_t count;
    std::string_view name;
  };
  std::string text;
  for (const auto& [count, name] :
       {Kind{judgement.tasks_left, "task"}, Kind{judgement.contexts_left, "context"},
        Kind{judgement.timers_left, "timer"}}) {
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + describe(count, name, judgement.requests_seen);
  }
  return text;
}

void count_what_is_left(const ServerObservation& before, const ServerObservation& after, std::int64_t sent,
                        Judgement& judgement) {
  judgement.tasks_left = left(before.tasks, after.tasks);
  judgement.contexts_left = left(before.contexts, after.contexts);
  judgement.timers_left = left(before.timers, after.timers);

  const auto demo = left(before.demo_requests, after.demo_requests);
  judgement.requests_seen = demo > 0 ? demo : left(before.requests, after.requests);
  judgement.requests_of_others = left(sent, judgement.requests_seen);
  if (judgement.requests_seen == 0) return;

  const auto requests = static_cast<double>(judgement.requests_seen);
  const bool has_heap = before.heap_bytes > 0 && after.heap_bytes > 0;
  const auto growth = has_heap ? after.heap_bytes - before.heap_bytes : after.rss_bytes - before.rss_bytes;
  judgement.leaked_per_request = static_cast<double>(judgement.tasks_left) / requests;
  judgement.bytes_per_request = static_cast<double>(growth) / requests;
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

  if (!evidence.wanted) return decide(Verdict::unknown, "nobody was to look at the server");

  const auto all = in_order(evidence);
  const auto restarts = restarts_in(all);
  judgement.restarts = restarts.count;

  if (restarts.count > 0) {
    const std::string times = restarts.count == 1 ? "once" : format_count(restarts.count) + " times";
    if (restarts.leaked_before_the_last > 0) {
      return decide(Verdict::leak, "the server restarted " + times + " during the load; before that, " +
                                       describe(restarts.leaked_before_the_last, "leaked task", 0) +
                                       " had been seen");
    }
    return decide(Verdict::unknown,
                  "the server restarted " + times + " during the load, and with it went the evidence");
  }
  if (evidence.requests_sent == 0 && !evidence.after && evidence.scrape_error.empty())
    return decide(Verdict::unknown, "no request was sent");
  if (!evidence.before || !evidence.after) {
    const std::string when = evidence.before ? "after" : "before";
    return decide(Verdict::unknown, "the server's metrics could not be read " + when + " the load" +
                                        (evidence.scrape_error.empty() ? "" : ": " + evidence.scrape_error));
  }

  count_what_is_left(*evidence.before, *evidence.after, evidence.requests_sent, judgement);
  if (!evidence.settled) {
    return decide(Verdict::unknown, "the server had not settled " + format_duration(evidence.drain_timeout) +
                                        " after the load");
  }
  const auto what = describe_left(judgement);
  if (what.empty()) {
    const auto counted = left(evidence.before->requests, evidence.after->requests);
    if (evidence.after->counts_requests && counted < evidence.responses) {
      return decide(Verdict::unknown, "the server counted " + format_count(counted) + " requests of " +
                                          format_count(evidence.responses) +
                                          " that were answered: are these its metrics, and all of them?");
    }
    if (evidence.responses == 0 && counted == 0) return decide(Verdict::unknown, "no request was answered");
    return decide(Verdict::clean, "no task, context or timer was left over");
  }
  // Ours are closed by now. One of leash-server's has three contexts and a timer while it is idle.
  const auto others = left(evidence.before->connections, evidence.after->connections);
  if (judgement.tasks_left == 0 && judgement.contexts_left <= 4 * others &&
      judgement.timers_left <= 2 * others) {
    return decide(Verdict::unknown, what + " left over after the drain, perhaps of " +
                                        describe(others, "connection", 0) +
                                        " that other clients have opened");
  }
  return decide(Verdict::leak, what + " left over after the drain");
}

}  // namespace loadgen
