// SPDX-License-Identifier: BSL-1.0
#include "loadgen/session.hpp"

#include <algorithm>
#include <utility>

#include "client/connection.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/ticker.hpp"
#include "loadgen/report/rows.hpp"
#include "loadgen/verdict.hpp"
#include "units/duration.hpp"
#include "units/text.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

constexpr leash::Duration connect_timeout = 5s;
constexpr leash::Duration scrape_timeout = 900ms;  // less than a row
constexpr leash::Duration grace = 1100ms;          // a little more than a server's default
constexpr std::size_t rows_a_header = 20;

bool at_rest(const ServerObservation& a, const ServerObservation& b) {
  return a.tasks == b.tasks && a.tasks_leaked == b.tasks_leaked && a.contexts == b.contexts &&
         a.timers == b.timers && a.start_time == b.start_time;
}

double seconds(leash::Duration value) { return std::chrono::duration<double>(value).count(); }

Moment moment_of(const Interval& row, leash::Duration since_start, std::optional<double> asked) {
  Moment moment;
  moment.seconds = seconds(since_start);
  moment.asked = asked;
  moment.sent = row.sent;
  moment.ok = row.ok;
  moment.errors = row.errors;
  if (row.latency.count() > 0) {
    moment.p50 = seconds(row.latency.at_quantile(0.5));
    moment.p99 = seconds(row.latency.at_quantile(0.99));
  }
  return moment;
}

}  // namespace

Session::Session(leash::Loop& loop, const Options& options)
    : loop_(loop), options_(options), screen_(options.delivery.text_goes_to()) {
  for (const Target& target : options.targets)
    sides_.push_back(std::make_unique<Side>(loop, target, options.admin_token));
}

leash::Task<std::vector<RunResult>> Session::run(leash::Context ctx, leash::Context sending) {
  std::vector<RunResult> results;
  for (const auto& side : sides_) {
    const bool reached = co_await reach(ctx, *side);
    if (!reached) co_return results;
  }
  const Sides all(sides_);
  const bool together = sides_.front()->target.plan.is_open();
  if (together) {
    co_await load(ctx, sending, all);
  } else {
    for (std::size_t i = 0; i < all.size(); ++i) co_await load(ctx, sending, all.subspan(i, 1));
  }
  if (ctx.is_done()) co_return results;
  for (const auto& side : sides_) results.push_back(result_of(*side));
  screen_.print("\n");
  co_return results;
}

leash::Task<bool> Session::reach(leash::Context ctx, const Side& side) {
  const auto limited = leash::with_timeout(ctx, connect_timeout);
  client::Connection probe(loop_.io());
  const auto connected =
      co_await probe.connect(limited.ctx, side.target.plan.url.host, side.target.plan.url.port);
  if (connected) co_return true;
  if (!ctx.is_done()) {
    const bool late = connected.error() == leash::errc::deadline_exceeded;
    complain(side.target.address + ": " +
             (late ? "no connection within " + http::format_duration(connect_timeout)
                   : connected.error().message()));
  }
  co_return false;
}

leash::Task<> Session::load(leash::Context ctx, leash::Context sending, Sides sides) {
  leash::Scope before(ctx);
  for (const auto& side : sides) before.go(look_before(before.ctx(), *side), "scrape");
  (void)co_await before.join();
  for (const auto& side : sides) side->started_at = std::chrono::system_clock::now();
  if (sending.is_done()) co_return;

  print_plan(sides);
  start_ = loop_.now();
  rows_ = 0;
  last_row_ = {};
  phase_ = sides.front()->target.plan.warmup > 0s ? Phase::warmup : Phase::load;
  leash::Scope rows(ctx);
  rows.go(each_second(ctx, rows.ctx(), sides), "rows");
  leash::Scope traffic(ctx);
  for (const auto& side : sides) traffic.go(side->traffic.run(traffic.ctx(), sending), "traffic");
  (void)co_await traffic.join();
  rows.cancel();
  (void)co_await rows.join();
  phase_ = Phase::drain;

  const bool unfinished_row = std::ranges::any_of(sides, [](const auto& side) {
    const Interval& since_the_last = side->traffic.interval();
    return since_the_last.sent > 0 || since_the_last.ok > 0 || since_the_last.errors > 0;
  });
  if (unfinished_row && !ctx.is_done()) co_await finish_row(ctx, sides);

  screen_.show_progress(1, "waiting for the server to come to rest");
  leash::Scope rest(ctx);
  for (const auto& side : sides) rest.go(settle(rest.ctx(), *side), "settle");
  (void)co_await rest.join();
  for (const auto& side : sides) {
    if (side->scraper) side->scraper->close();
  }
  screen_.hide_progress();
}

// Until two scrapes in a row are equal, or for a second: the connection that showed that the server can be
// reached may still be counted.
leash::Task<> Session::look_before(leash::Context ctx, Side& side) {
  if (!side.scraper) co_return;
  const leash::TimePoint give_up = loop_.now() + 1s;
  for (;;) {
    auto scrape = co_await side.scraper->scrape(ctx, connect_timeout);
    if (!scrape) {
      side.evidence.scrape_error = scrape.error();
      side.evidence.before.reset();
      if (!ctx.is_done()) complain(scrape.error());
      co_return;
    }
    const bool same = side.evidence.before && at_rest(*side.evidence.before, scrape->figures);
    side.evidence.before = scrape->figures;
    side.in_flight_before = scrape->in_flight;
    side.mode = scrape->mode;
    if (same || loop_.now() > give_up) co_return;
    const auto slept = co_await leash::sleep(ctx, 20ms);
    if (!slept) co_return;
  }
}

leash::Task<> Session::look(leash::Context ctx, Side& side) {
  side.last.reset();
  if (!side.evidence.before) co_return;
  auto scrape = co_await side.scraper->scrape(ctx, scrape_timeout);
  if (!scrape) co_return;
  side.evidence.during.push_back(scrape->figures);
  side.last = std::move(*scrape);
}

// Until `loading` is done; a row that has begun is finished.
leash::Task<> Session::each_second(leash::Context ctx, leash::Context loading, Sides sides) {
  leash::Ticker ticker(1s);
  for (;;) {
    const auto tick = co_await ticker.next(loading);
    if (!tick) co_return;
    if (phase_ == Phase::warmup && loop_.now() - start_ >= sides.front()->target.plan.warmup)
      phase_ = Phase::load;
    co_await finish_row(ctx, sides);
  }
}

// What happened since the last row, and how the server is now.
leash::Task<> Session::finish_row(leash::Context ctx, Sides sides) {
  const leash::Duration time = loop_.now() - start_;
  const leash::Duration last_time = std::exchange(last_row_, time);
  for (const auto& side : sides) {
    std::swap(side->row, side->traffic.interval());
    Interval& next = side->traffic.interval();
    next.sent = next.ok = next.errors = 0;
    next.latency.reset();
    side->timeline.push_back(moment_of(side->row, time, side->traffic.rate_between(last_time, time)));
  }
  leash::Scope looks(ctx);
  for (const auto& side : sides) looks.go(look(looks.ctx(), *side), "scrape");
  (void)co_await looks.join();
  for (const auto& side : sides) {
    if (side->last) side->timeline.back().seen = side->last->figures;
  }
  print_row(sides, time);
}

leash::Task<> Session::settle(leash::Context ctx, Side& side) {
  Evidence& evidence = side.evidence;
  evidence.wanted = side.scraper.has_value();
  evidence.drain_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options_.drain_timeout);
  evidence.requests_sent = side.traffic.sent_in_all();
  evidence.responses = side.traffic.responses_in_all();
  if (!evidence.before) co_return;
  const auto limited = leash::with_timeout(ctx, options_.drain_timeout);
  for (leash::Duration pause = 50ms;; pause = grace) {
    const auto slept = co_await leash::sleep(limited.ctx, pause);
    if (!slept) co_return;
    auto scrape = co_await side.scraper->scrape(limited.ctx, connect_timeout);
    if (!scrape) {
      if (limited.ctx.is_done() || limited.ctx.remaining() == leash::Duration::zero()) co_return;
      evidence.scrape_error = scrape.error();
      evidence.after.reset();
      continue;
    }
    evidence.scrape_error.clear();
    const bool nothing_in_flight = scrape->in_flight <= side.in_flight_before;
    const bool same = evidence.after && at_rest(*evidence.after, scrape->figures);
    evidence.after = scrape->figures;
    if (!same || !nothing_in_flight) continue;
    evidence.settled = true;
    co_return;
  }
}

RunResult Session::result_of(const Side& side) const {
  const Traffic& traffic = side.traffic;
  const Plan& plan = side.target.plan;
  RunResult result;
  result.target = side.target.address;
  if (side.target.metrics)
    result.metrics = "http://" + side.target.metrics->authority() + side.target.metrics->target;
  result.mode = side.mode;
  result.plan = describe(plan);
  result.started_at = side.started_at;
  result.warmup = plan.warmup;
  result.requests = traffic.counts();
  for (const auto& [error, count] : traffic.errors()) result.requests.by_error[error.message()] += count;
  result.latency = traffic.latency();
  result.elapsed = traffic.elapsed();
  result.rate_asked = traffic.rate_asked();
  result.rate_reached = traffic.rate_reached();
  result.unsent = traffic.unsent();
  result.timeline = side.timeline;
  result.evidence = side.evidence;
  result.judgement = judge(side.evidence);
  const auto asked = result.rate_asked.value_or(0);
  if (traffic.elapsed() > 0s && asked > 0 && share_of_rate(result) < 0.99) {
    result.notes.push_back("The rate was not reached: " + format_fixed(result.rate_reached, 1) +
                           " a second of " + format_fixed(asked, 1) + "; " + format_count(result.unsent) +
                           " requests that were due had not been sent at the end.");
  }
  if (traffic.held_up() > 100ms) {
    result.notes.push_back("The load generator itself was held up, for up to " +
                           format_duration(traffic.held_up()) + "; latencies have that in them.");
  }
  const bool fewer = !plan.requests || traffic.counts().sent < static_cast<std::int64_t>(*plan.requests);
  if (fewer && (!plan.duration || traffic.elapsed() < *plan.duration)) {
    result.notes.push_back("It was ended early, by a signal, after " + format_duration(traffic.elapsed()) +
                           ".");
  }
  return result;
}

LoadMetrics Session::figures() const {
  LoadMetrics figures{.phase = phase_, .sides = {}};
  for (const auto& side : sides_) {
    const Traffic& traffic = side->traffic;
    figures.sides.push_back({.target = side->target.address,
                             .side = !options_.is_compare()   ? ""
                                     : side == sides_.front() ? "fixed"
                                                              : "leaky",
                             .requests = traffic.counts(),
                             .latency = &traffic.latency(),
                             .in_flight = traffic.in_flight(),
                             .in_line = traffic.in_line(),
                             .connections = traffic.connections(),
                             .rate_asked = traffic.rate_now().value_or(0)});
  }
  return figures;
}

// What is printed.

void Session::print_plan(Sides sides) {
  if (options_.quiet) return;
  for (const auto& side : sides) {
    screen_.print(side->target.address + (side->mode.empty() ? "" : " (" + side->mode + ")") + "\n");
  }
  screen_.print(describe(sides.front()->target.plan) + "\n\n");
}

void Session::print_row(Sides sides, leash::Duration since_start) {
  if (options_.quiet) return;
  const bool two = sides.size() == 2;
  if (rows_++ % rows_a_header == 0) screen_.print((two ? compare_header() : run_header()) + "\n");
  const Plan& plan = sides.front()->target.plan;
  const auto time = std::chrono::round<std::chrono::seconds>(since_start);
  const bool warmup = time <= plan.warmup;
  const Side& first = *sides.front();
  const Side& last = *sides.back();
  const auto& seen = first.timeline.back().seen;
  screen_.print((two ? compare_row(time, warmup, first.row, seen, last.row, last.timeline.back().seen)
                     : run_row(time, warmup, first.row, seen)) +
                "\n");

  if (plan.duration) {
    const leash::Duration whole = plan.warmup + *plan.duration;
    screen_.show_progress(seconds(time) / seconds(whole),
                          std::to_string(time.count()) + "s of " + http::format_duration(whole));
  } else {
    const auto sent = first.traffic.counts().sent;
    screen_.show_progress(
        static_cast<double>(sent) / static_cast<double>(*plan.requests),
        format_count(sent) + " of " + format_count(static_cast<std::int64_t>(*plan.requests)) + " requests");
  }
}

}  // namespace loadgen
