// SPDX-License-Identifier: BSL-1.0
#include "loadgen/session.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/client_bench.hpp"

namespace {

using loadgen::RunResult;
using support::StubReply;
using support::StubRequest;
using support::text;

// Of a process that does not count requests.
constexpr const char* at_rest = R"(leash_contexts_live 3
leash_contexts_held 0
leash_timers_armed 0
process_start_time_seconds 1763940000
)";

loadgen::Options options_for(const Bench& bench, bool look_at_the_server) {
  loadgen::Plan plan(bench.server.url("/demo"));
  plan.warmup = {};
  plan.connections = 1;
  plan.requests = 1;
  loadgen::Options options;
  options.targets.push_back({"stub", plan, {}, true});
  if (look_at_the_server) options.targets[0].metrics.emplace_back(bench.server.url("/metrics"));
  options.drain_timeout = 3s;
  options.quiet = true;
  return options;
}

leash::Task<RunResult> run(Bench& bench, loadgen::Options options) {
  loadgen::Session session(bench.loop, options);
  std::vector<RunResult> results = co_await session.run(bench.ctx, bench.ctx);
  EXPECT_EQ(results.size(), 1u);
  RunResult result = std::move(results.at(0));
  co_return result;
}

TEST(Session, KeepsLastObservationIfSettlingEndsInScrape) {
  bool loaded = false;
  int scrapes_since = 0;
  Bench::run(
      [&](const StubRequest& request) {
        if (request.target == "/demo") {
          loaded = true;
          return text("hello");
        }
        scrapes_since += loaded ? 1 : 0;
        std::string scraped = at_rest;
        if (loaded) scraped.replace(scraped.find('3'), 1, "4");
        StubReply reply = text(scraped);
        if (scrapes_since > 2)
          reply.after = 1h;  // the last row's, the first to see whether it settles, and no more
        return reply;
      },
      [](Bench& b) -> leash::Task<> {
        const RunResult result = co_await run(b, options_for(b, true));
        EXPECT_FALSE(result.evidence.settled);
        EXPECT_EQ(result.evidence.scrape_error, "");
        if (!result.evidence.after) co_return ADD_FAILURE() << "the last good look was thrown away";
        EXPECT_EQ(result.evidence.after->contexts, 4);
        EXPECT_EQ(result.judgement.verdict, loadgen::Verdict::unknown);
        EXPECT_NE(result.judgement.reason.find("had not settled"), std::string::npos)
            << result.judgement.reason;
      });
}

TEST(Session, ReportsHowLongItWaitedUntilASignal) {
  bool loaded = false;
  int scrapes_since = 0;
  std::function<void()> stop;
  Bench::run(
      [&](const StubRequest& request) {
        if (request.target == "/demo") {
          loaded = true;
          return text("hello");
        }
        scrapes_since += loaded ? 1 : 0;
        StubReply reply = text(at_rest);
        if (scrapes_since == 2) {  // the first one was the last row's
          stop();
          reply.after = 1h;
        }
        return reply;
      },
      [&](Bench& b) -> leash::Task<> {
        auto signal = leash::with_cancel(b.ctx);
        stop = [&signal] { signal.cancel(); };
        const loadgen::Options options = options_for(b, true);
        loadgen::Session session(b.loop, options);
        const std::vector<RunResult> results = co_await session.run(signal.ctx, b.ctx);
        const RunResult& result = results.at(0);
        EXPECT_EQ(result.judgement.verdict, loadgen::Verdict::unknown);
        EXPECT_LT(result.evidence.drain_timeout, 3s);
        EXPECT_EQ(result.notes,
                  std::vector<std::string>{"A signal ended the wait for the server to settle."});
      });
}

TEST(Session, AnAnswerAfterTheLastSecondIsInARowOfItsOwn) {
  Bench::run(
      [](const StubRequest&) {
        StubReply reply = text("hello");
        reply.after = 1200ms;
        return reply;
      },
      [](Bench& b) -> leash::Task<> {
        const RunResult result = co_await run(b, options_for(b, false));
        EXPECT_EQ(result.requests.ok, 1);
        std::int64_t in_rows = 0;
        for (const loadgen::Period& row : result.timeline) in_rows += row.ok;
        EXPECT_EQ(in_rows, 1);
      });
}

TEST(Session, RetriesFailedFirstScrape) {
  int scrapes = 0;
  Bench::run(
      [&](const StubRequest& request) {
        if (request.target == "/demo") return text("hello");
        StubReply reply = text(at_rest);
        if (++scrapes == 1) reply.then = support::Then::reset;
        if (scrapes == 1) reply.bytes.clear();
        return reply;
      },
      [](Bench& b) -> leash::Task<> {
        const RunResult result = co_await run(b, options_for(b, true));
        EXPECT_TRUE(result.evidence.before);
        EXPECT_EQ(result.judgement.verdict, loadgen::Verdict::clean) << result.judgement.reason;
      });
}

TEST(Session, MetricsAreFoundWhereTheRequestsGo) {
  Bench::run([](const StubRequest& request) { return text(request.target == "/demo" ? "hello" : at_rest); },
             [](Bench& b) -> leash::Task<> {
               loadgen::Options options = options_for(b, true);
               options.targets[0].metrics_given = false;
               auto& sources = options.targets[0].metrics;
               sources.insert(sources.begin(), sources.front());
               sources.front().url.host = "127.0.0.2";  // the stub listens on 127.0.0.1 only
               const RunResult result = co_await run(b, options);
               EXPECT_EQ(result.metrics, options.targets[0].metrics.at(1).address());
               EXPECT_EQ(result.judgement.verdict, loadgen::Verdict::clean) << result.judgement.reason;
             });
}

TEST(Session, UnreachableTargetIsResult) {
  Bench::run([](const StubRequest&) { return text("hello"); },
             [](Bench& b) -> leash::Task<> {
               loadgen::Options options = options_for(b, false);
               options.targets[0].plan.url.host = "127.0.0.2";
               const RunResult result = co_await run(b, options);
               EXPECT_EQ(result.evidence.unreachable, "Connection refused");
               EXPECT_EQ(result.judgement.reason, "the target cannot be reached: Connection refused");
               EXPECT_EQ(result.requests.sent, 0);
             });
}

}  // namespace
