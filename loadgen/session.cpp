// SPDX-License-Identifier: BSL-1.0
#include "loadgen/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "cli/program.hpp"
#include "client/connection.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/ticker.hpp"
#include "loadgen/report/rows.hpp"
#include "loadgen/verdict.hpp"
#include "units/duration.hpp"
#include "units/number.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

constexpr leash::Duration connect_timeout = 5s;
constexpr leash::Duration scrape_timeout = 900ms;  // shorter than a row
constexpr leash::Duration grace = 1100ms;          // a little more than a server's default
constexpr leash::Duration between_attempts = 250ms;
constexpr std::size_t rows_a_header = 20;
constexpr std::size_t wide = 110;  // without a terminal
constexpr int seconds_without_success = 5;

bool at_rest(const ServerObservation& a, const ServerObservation& b) {
  return a.tasks == b.tasks && a.tasks_leaked == b.tasks_leaked && a.contexts == b.contexts &&
         a.timers == b.timers && a.start_time == b.start_time;
}

// 128 random bits.
std::string new_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

Period period_of(const Interval& row, leash::Duration since_start, std::optional<double> asked) {
  Period period;
  period.seconds = units::to_seconds(since_start);
  period.asked = asked;
  period.sent = row.sent;
  period.ok = row.ok;
  period.errors = row.errors;
  if (row.latency.count() > 0) {
    period.p50 = units::to_seconds(row.latency.at_quantile(0.5));
    period.p99 = units::to_seconds(row.latency.at_quantile(0.99));
  }
  return period;
}

}  // namespace

Session::Session(leash::Loop& loop, const Options& options)
    : loop_(loop), options_(options), output_(options.delivery.text_goes_to()) {
  for (const Target& target : options.targets) sides_.push_back(std::make_unique<Side>(loop, target));
}

leash::Task<std::vector<RunResult>> Session::run(leash::Context waiting, leash::Context sending) {
  leash::Scope reaching(sending);
  for (const auto& side : sides_) reaching.go(reach(reaching.ctx(), *side), "reach");
  (void)co_await reaching.join();
  const Sides all(sides_);
  for (const auto& side : all) {
    if (side->reached || !side->evidence.unreachable.empty()) continue;
    cli::complain(fmt::format("stopped while waiting for {}; nothing was sent", side->target.address));
    co_return std::vector<RunResult>();
  }
  begun_ = true;
  const bool reached = std::ranges::all_of(all, [](const auto& side) { return side->reached; });
  const bool together = sides_.front()->target.plan.is_open();
  if (reached && !sending.is_done()) {
    if (together) {
      co_await load(waiting, sending, all);
    } else {
      for (std::size_t i = 0; i < all.size(); ++i) co_await load(waiting, sending, all.subspan(i, 1));
    }
  }
  std::vector<RunResult> results;
  for (const auto& side : sides_) results.push_back(result_of(*side));
  output_.print("\n");
  co_return results;
}

// Waits until the target accepts a connection, at most for --wait.
leash::Task<> Session::reach(leash::Context ctx, Side& side) {
  const Plan& plan = side.target.plan;
  side.evidence.wanted = !side.target.metrics.empty();
  const leash::TimePoint give_up = loop_.now() + options_.wait;
  for (;;) {
    const auto limited = leash::with_timeout(ctx, connect_timeout);
    client::Connection probe(loop_.io(), {}, plan.tls);
    const auto connected = co_await probe.connect(limited.ctx, plan.origin());
    side.reached = connected.has_value();
    if (connected || ctx.is_done()) co_return;
    const bool late = connected.error() == leash::errc::deadline_exceeded;
    if (loop_.now() >= give_up) {
      side.evidence.unreachable = late ? "no connection within " + units::format_duration(connect_timeout)
                                       : connected.error().message();
      cli::complain(fmt::format("{}: {}", side.target.address, side.evidence.unreachable));
      co_return;
    }
    const auto slept = co_await leash::sleep(ctx, between_attempts);
    if (!slept) co_return;
  }
}

leash::Task<> Session::load(leash::Context ctx, leash::Context sending, Sides sides) {
  leash::Scope before(ctx);
  for (const auto& side : sides) before.go(look_before(before.ctx(), *side), "scrape");
  (void)co_await before.join();
  for (const auto& side : sides) side->started_at = std::chrono::system_clock::now();
  if (sending.is_done()) co_return;
  auto hoping = leash::with_cancel(sending);

  print_plan(sides);
  start_ = loop_.now();
  rows_ = 0;
  last_row_ = {};
  phase_ = sides.front()->target.plan.warmup > 0s ? Phase::warmup : Phase::load;
  leash::Scope rows(ctx);
  rows.go(each_second(ctx, rows.ctx(), hoping.cancel, sides), "rows");
  leash::Scope traffic(ctx);
  for (const auto& side : sides) traffic.go(side->traffic.run(traffic.ctx(), hoping.ctx), "traffic");
  (void)co_await traffic.join();
  rows.cancel();
  (void)co_await rows.join();
  hoping.cancel(leash::errc::finished);
  phase_ = Phase::drain;

  bool unfinished_row = false;
  for (const auto& side : sides) {
    side->row = side->traffic.take_interval();
    unfinished_row = unfinished_row || side->row.sent > 0 || side->row.ok > 0 || side->row.errors > 0;
  }
  if (unfinished_row && !ctx.is_done()) co_await finish_row(ctx, sides);

  output_.show_progress(1, "waiting for the server to settle");
  const leash::TimePoint load_ended = loop_.now();
  leash::Scope rest(ctx);
  for (const auto& side : sides) rest.go(settle(rest.ctx(), *side), "settle");
  (void)co_await rest.join();
  for (const auto& side : sides) {
    side->gave_up_waiting = ctx.is_done() && side->evidence.before && !side->evidence.settled;
    if (side->gave_up_waiting)
      side->evidence.drain_timeout = std::chrono::round<std::chrono::milliseconds>(loop_.now() - load_ended);
  }
  for (const auto& side : sides) {
    if (side->scraper) side->scraper->close();
  }
  output_.hide_progress();
}

// Uses the first source that answers. A source given by --metrics gets more time than a guessed one.
leash::Task<bool> Session::find_metrics(leash::Context ctx, Side& side) {
  const leash::TimePoint give_up =
      loop_.now() + (side.target.metrics_given ? connect_timeout : between_attempts);
  for (bool last = false; !last;) {
    last = loop_.now() >= give_up;
    bool answered = false;
    side.evidence.scrape_error.clear();
    for (const MetricsSource& source : side.target.metrics) {
      side.scraper.emplace(loop_, source, options_.admin_token, side.target.plan.tls);
      const auto scrape = co_await side.scraper->scrape(ctx, connect_timeout);
      if (scrape) {
        side.evidence.scrape_error.clear();
        co_return true;
      }
      answered = answered || side.scraper->was_answered();
      if (side.evidence.scrape_error.empty()) side.evidence.scrape_error = scrape.error();
    }
    if (answered) break;  // another attempt would get the same answer
    const auto slept = co_await leash::sleep(ctx, between_attempts);
    if (!slept) break;
  }
  side.scraper.reset();
  if (!ctx.is_done()) cli::complain(side.evidence.scrape_error);
  co_return false;
}

// Scrapes until two consecutive scrapes are equal, for at most a second: the server may still count the connection that
// tested whether it can be reached.
leash::Task<> Session::look_before(leash::Context ctx, Side& side) {
  if (side.target.metrics.empty()) co_return;
  const bool found = co_await find_metrics(ctx, side);
  if (!found) co_return;
  const leash::TimePoint give_up = loop_.now() + 1s;
  for (;;) {
    auto scrape = co_await side.scraper->scrape(ctx, connect_timeout);
    if (!scrape) {
      side.evidence.scrape_error = scrape.error();
      side.evidence.before.reset();
      if (!ctx.is_done()) cli::complain(scrape.error());
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

// Until `loading` is done. A row that has begun is completed.
leash::Task<> Session::each_second(leash::Context ctx, leash::Context loading, leash::Cancel& stop,
                                   Sides sides) {
  leash::Ticker ticker(1s);
  for (;;) {
    const auto tick = co_await ticker.next(loading);
    if (!tick) co_return;
    if (phase_ == Phase::warmup && loop_.now() - start_ >= sides.front()->target.plan.warmup)
      phase_ = Phase::load;
    for (const auto& side : sides) side->row = side->traffic.take_interval();
    co_await finish_row(ctx, sides);
    if (!options_.stop_when_hopeless) continue;
    hopeless_ = hopeless_because(sides);
    if (hopeless_.empty()) continue;
    stop();
    co_return;
  }
}

// The results since the last row, and the current state of the server.
leash::Task<> Session::finish_row(leash::Context ctx, Sides sides) {
  const leash::Duration time = loop_.now() - start_;
  const leash::Duration last_time = std::exchange(last_row_, time);
  for (const auto& side : sides) {
    side->timeline.push_back(period_of(side->row, time, side->traffic.rate_between(last_time, time)));
    side->rows_without_success = side->row.ok > 0 || side->row.sent == 0 ? 0 : side->rows_without_success + 1;
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
  evidence.drain_timeout = options_.drain_timeout;
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
    const bool has_more = evidence.after->tasks_leaked > evidence.before->tasks_leaked ||
                          evidence.after->contexts > evidence.before->contexts;
    if (has_more) side.leaks = co_await side.scraper->leaks(ctx, scrape_timeout);
    co_return;
  }
}

std::string Session::hopeless_because(Sides sides) const {
  for (const auto& side : sides) {
    if (side->rows_without_success >= seconds_without_success)
      return fmt::format("no request has succeeded for {} seconds", side->rows_without_success);
    if (phase_ != Phase::load) continue;
    RunResult so_far;
    side->traffic.write_to(so_far);
    for (const Threshold& threshold : options_.delivery.thresholds) {
      if (is_hopeless(threshold, so_far, side->target.plan.requests_in_all()))
        return fmt::format("{} can no longer be met", threshold.text);
    }
  }
  return {};
}

RunResult Session::result_of(const Side& side) const {
  const Plan& plan = side.target.plan;
  RunResult result;
  side.traffic.write_to(result);
  result.id = new_id();
  result.target = side.target.address;
  if (side.scraper) result.metrics = side.scraper->address();
  result.mode = side.mode;
  result.leaks = side.leaks;
  result.plan = describe(plan);
  result.started_at = side.started_at;
  result.warmup = plan.warmup;
  result.timeline = side.timeline;
  const Evidence sent = std::exchange(result.evidence, side.evidence);
  for (const auto count :
       {&Evidence::requests_sent, &Evidence::responses, &Evidence::measured, &Evidence::succeeded})
    result.evidence.*count = sent.*count;
  result.judgement = judge(result.evidence);
  if (!hopeless_.empty()) {
    result.notes.push_back(fmt::format("Stopped after {}: {} (--stop-when-hopeless).",
                                       units::rounded_duration(result.elapsed), hopeless_));
  } else if (result.evidence.unreachable.empty()) {
    const bool fewer =
        !plan.requests || result.requests.sent + result.unsent < static_cast<std::int64_t>(*plan.requests);
    result.own.stopped = fewer && (!plan.duration || result.elapsed < *plan.duration);
  }
  if (side.gave_up_waiting) result.notes.emplace_back("A signal ended the wait for the server to settle.");
  if (options_.is_compare()) {
    const bool is_fixed_side = &side == sides_.front().get();
    if (side.mode == side_name(is_fixed_side ? 1 : 0))
      result.notes.push_back(fmt::format("The server given as {} reports that it is in {} mode.",
                                         is_fixed_side ? "FIXED_URL" : "LEAKY_URL", side.mode));
  }
  return result;
}

LoadMetrics Session::figures() const {
  LoadMetrics figures{.phase = phase_, .sides = {}};
  for (const auto& side : sides_) {
    RunResult so_far;
    side->traffic.write_to(so_far);
    const TrafficNow now = side->traffic.now();
    figures.sides.push_back({.target = side->target.address,
                             .side = !options_.is_compare()   ? ""
                                     : side == sides_.front() ? "fixed"
                                                              : "leaky",
                             .requests = std::move(so_far.requests),
                             .own = so_far.own,
                             .latency = std::move(so_far.latency),
                             .now = now});
  }
  return figures;
}

// The output.

void Session::print_plan(Sides sides) {
  if (options_.quiet) return;
  std::string text;
  for (const auto& side : sides) {
    text +=
        side->mode.empty() ? side->target.address : fmt::format("{} ({})", side->target.address, side->mode);
    text += "\n";
  }
  const Plan& plan = sides.front()->target.plan;
  text += describe(plan) + "\n";
  if (plan.warmup > 0s) text += "~ marks the warm-up, which the results leave out\n";
  output_.print(text + "\n");
}

void Session::print_row(Sides sides, leash::Duration since_start) {
  if (options_.quiet) return;
  const cli::Terminal terminal = output_.terminal();
  const RowStyle style{terminal.interactive ? terminal.width : wide, terminal.color};
  std::vector<RowSide> shown;
  for (const auto& side : sides) shown.push_back({side->row, side->timeline.back().seen});
  if (rows_++ % rows_a_header == 0) output_.print(row_header(sides.size(), style) + "\n");
  const Plan& plan = sides.front()->target.plan;
  const auto time = std::chrono::round<std::chrono::seconds>(since_start);
  output_.print(row(time, time <= plan.warmup, shown, style) + "\n");

  if (plan.duration) {
    const leash::Duration whole = plan.warmup + *plan.duration;
    output_.show_progress(units::to_seconds(time) / units::to_seconds(whole),
                          fmt::format("{}s of {}", time.count(), units::format_duration(whole)));
  } else {
    RunResult so_far;
    sides.front()->traffic.write_to(so_far);
    const auto sent = so_far.requests.sent;
    output_.show_progress(
        static_cast<double>(sent) / static_cast<double>(*plan.requests),
        fmt::format("{} of {}", units::format_count(sent), units::counted(*plan.requests, "request")));
  }
}

}  // namespace loadgen
