#include "loadgen/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "client/connection.hpp"
#include "client/terminal.hpp"
#include "http/duration.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/ticker.hpp"
#include "loadgen/report_text.hpp"
#include "loadgen/rows.hpp"
#include "loadgen/units.hpp"
#include "loadgen/verdict.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

constexpr leash::Duration connect_timeout = 5s;
constexpr leash::Duration scrape_timeout = 900ms;  // less than a row
constexpr leash::Duration grace = 1100ms;          // a little more than a server's default
constexpr std::size_t rows_a_header = 20;

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(const std::string& line) { std::fprintf(stderr, "leash-load: %s\n", line.c_str()); }

bool at_rest(const ServerObservation& a, const ServerObservation& b) {
  return a.tasks == b.tasks && a.tasks_leaked == b.tasks_leaked && a.contexts == b.contexts &&
         a.timers == b.timers && a.start_time == b.start_time;
}

std::string describe(const Plan& plan) {
  const auto connections = format_count(static_cast<std::int64_t>(plan.connections));
  std::string text = plan.rate ? "open loop, " + format_fixed(*plan.rate, *plan.rate < 10 ? 1 : 0) +
                                     " a second over at most " + connections + " connections"
                               : "closed loop over " + connections + " connections";
  if (plan.duration) text += ", for " + http::format_duration(*plan.duration);
  if (plan.requests) text += ", " + format_count(static_cast<std::int64_t>(*plan.requests)) + " requests";
  if (plan.warmup > 0s) text += " after a warm-up of " + http::format_duration(plan.warmup);
  return text;
}

}  // namespace

Session::Session(leash::Loop& loop, const Options& options)
    : loop_(loop),
      options_(options),
      interactive_(client::terminal(STDOUT_FILENO).interactive && !options.quiet) {
  for (const Target& target : options.targets) sides_.push_back(std::make_unique<Side>(loop, target));
}

leash::Task<int> Session::run(leash::Context ctx, leash::Context sending) {
  for (const auto& side : sides_) {
    const bool reached = co_await reach(ctx, *side);
    if (!reached) co_return Exit::unknown;
  }
  const Sides all(sides_);
  const bool together = sides_.front()->target.plan.rate.has_value();
  if (together) {
    co_await load(ctx, sending, all);
  } else {
    for (std::size_t i = 0; i < all.size(); ++i) co_await load(ctx, sending, all.subspan(i, 1));
  }
  if (ctx.is_done()) co_return Exit::unknown;

  std::vector<RunResult> results;
  for (const auto& side : sides_) results.push_back(result_of(*side));
  print("\n");
  for (const auto& side : sides_) print_notes(*side);
  print(options_.is_compare() ? compare_text(results[0], results[1]) : run_text(results[0]));
  if (!options_.json_file.empty()) {
    std::ofstream file(options_.json_file, std::ios::trunc);
    const auto json = options_.is_compare() ? to_json(results[0], results[1]) : to_json(results[0]);
    file << json.dump(2) << '\n';
    file.close();
    if (!file) {
      complain(options_.json_file + ": cannot be written");
      co_return Exit::usage;
    }
  }
  const auto any = [&](Verdict verdict) {
    return std::ranges::any_of(results, [&](const RunResult& r) { return r.judgement.verdict == verdict; });
  };
  if (any(Verdict::leak)) co_return Exit::leak;
  co_return any(Verdict::unknown) ? Exit::unknown : Exit::clean;
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
  if (sending.is_done()) co_return;

  print_plan(sides);
  start_ = loop_.now();
  rows_ = 0;
  leash::Scope rows(ctx);
  rows.go(print_rows(rows.ctx(), sides), "rows");
  leash::Scope traffic(ctx);
  for (const auto& side : sides) traffic.go(side->traffic.run(traffic.ctx(), sending), "traffic");
  (void)co_await traffic.join();
  rows.cancel();
  (void)co_await rows.join();

  const bool unfinished_row =
      std::ranges::any_of(sides, [](const auto& side) { return side->traffic.interval().sent > 0; });
  for (const auto& side : sides) std::swap(side->row, side->traffic.interval());
  co_await look_at_all(ctx, sides);
  if (unfinished_row && !ctx.is_done()) print_row(sides);

  show_progress(1, "waiting for the server to come to rest");
  leash::Scope rest(ctx);
  for (const auto& side : sides) rest.go(settle(rest.ctx(), *side), "settle");
  (void)co_await rest.join();
  for (const auto& side : sides) side->scraper.close();
  hide_progress();
}

// Until two scrapes in a row are equal, or for a second: the connection that showed that the server can be
// reached may still be counted.
leash::Task<> Session::look_before(leash::Context ctx, Side& side) {
  const leash::TimePoint give_up = loop_.now() + 1s;
  for (;;) {
    auto scrape = co_await side.scraper.scrape(ctx, connect_timeout);
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
  auto scrape = co_await side.scraper.scrape(ctx, scrape_timeout);
  side.last.reset();
  if (!scrape) co_return;
  side.evidence.during.push_back(scrape->figures);
  side.last = std::move(*scrape);
}

leash::Task<> Session::look_at_all(leash::Context ctx, Sides sides) {
  leash::Scope scrapes(ctx);
  for (const auto& side : sides) {
    if (side->evidence.before) scrapes.go(look(scrapes.ctx(), *side), "scrape");
  }
  (void)co_await scrapes.join();
}

leash::Task<> Session::print_rows(leash::Context ctx, Sides sides) {
  leash::Ticker ticker(1s);
  for (;;) {
    const auto tick = co_await ticker.next(ctx);
    if (!tick) co_return;
    for (const auto& side : sides) {
      std::swap(side->row, side->traffic.interval());
      Interval& next = side->traffic.interval();
      next.sent = next.ok = next.errors = 0;
      next.latency.reset();
    }
    co_await look_at_all(ctx, sides);
    print_row(sides);
  }
}

leash::Task<> Session::settle(leash::Context ctx, Side& side) {
  Evidence& evidence = side.evidence;
  evidence.drain_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options_.drain_timeout);
  evidence.requests_sent = side.traffic.sent_in_all();
  if (!evidence.before) co_return;
  const auto limited = leash::with_timeout(ctx, options_.drain_timeout);
  for (leash::Duration pause = 50ms;; pause = grace) {
    const auto slept = co_await leash::sleep(limited.ctx, pause);
    if (!slept) co_return;
    auto scrape = co_await side.scraper.scrape(limited.ctx, connect_timeout);
    if (!scrape) {
      if (!limited.ctx.is_done()) evidence.scrape_error = scrape.error();
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

RunResult Session::result_of(const Side& side) {
  RunResult result;
  result.target = side.target.address;
  result.mode = side.mode;
  result.requests = side.traffic.counts();
  result.latency = side.traffic.latency();
  result.elapsed = side.traffic.elapsed();
  result.rate_asked = side.target.plan.rate;
  result.rate_reached = side.traffic.rate_reached();
  result.evidence = side.evidence;
  result.judgement = judge(side.evidence);
  return result;
}

// What is printed.

void Session::print_plan(Sides sides) const {
  if (options_.quiet) return;
  for (const auto& side : sides) {
    print(side->target.address + (side->mode.empty() ? "" : " (" + side->mode + ")") + "\n");
  }
  print(describe(sides.front()->target.plan) + "\n\n");
}

void Session::print_row(Sides sides) {
  if (options_.quiet) return;
  hide_progress();
  const bool two = sides.size() == 2;
  if (rows_++ % rows_a_header == 0) print((two ? compare_header() : run_header()) + "\n");
  const Plan& plan = sides.front()->target.plan;
  const auto time = std::chrono::round<std::chrono::seconds>(loop_.now() - start_);
  const bool warmup = time <= plan.warmup;
  const auto seen = [](const Side& side) {
    return side.last ? std::optional<ServerObservation>(side.last->figures) : std::nullopt;
  };
  const Side& first = *sides.front();
  const Side& last = *sides.back();
  print((two ? compare_row(time, warmup, first.row, seen(first), last.row, seen(last))
             : run_row(time, warmup, first.row, seen(first))) +
        "\n");

  const double seconds = static_cast<double>(time.count());
  if (plan.duration) {
    const double whole = std::chrono::duration<double>(plan.warmup + *plan.duration).count();
    show_progress(seconds / whole, std::to_string(time.count()) + "s of " +
                                       http::format_duration(plan.warmup + *plan.duration));
  } else {
    const auto sent = first.traffic.counts().sent;
    show_progress(
        static_cast<double>(sent) / static_cast<double>(*plan.requests),
        format_count(sent) + " of " + format_count(static_cast<std::int64_t>(*plan.requests)) + " requests");
  }
}

void Session::print_notes(const Side& side) const {
  const Traffic& traffic = side.traffic;
  const std::optional<double>& rate = side.target.plan.rate;
  std::string notes;
  if (rate && traffic.elapsed() > 0s && traffic.rate_reached() < 0.99 * *rate) {
    notes += "The rate was not reached at " + side.target.address + ": " +
             format_fixed(traffic.rate_reached(), 1) + " a second of " + format_fixed(*rate, 1) + ";\n" +
             format_count(traffic.in_line()) + " requests that were due had not been sent at the end.\n\n";
  }
  if (traffic.last_error()) {
    notes += "The last error at " + side.target.address + ": " + traffic.last_error().message() + "\n\n";
  }
  print(notes);
}

void Session::show_progress(double share, std::string_view text) const {
  if (interactive_) print(progress_line(share, text));
}

void Session::hide_progress() const {
  if (interactive_) print("\r\x1b[K");
}

}  // namespace loadgen
