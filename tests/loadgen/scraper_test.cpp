// SPDX-License-Identifier: BSL-1.0
#include "loadgen/scraper.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/client_bench.hpp"

namespace {

using support::StubReply;
using support::StubRequest;
using support::text;

constexpr const char* metrics = R"(# TYPE leash_tasks_live gauge
leash_tasks_live{site="server/patterns/send.cpp:32",role="request"} 2
leash_tasks_live{site="server/listener.cpp:40",role="system"} 5
leash_tasks_leaked{site="server/patterns/send.cpp:32",wait="chan send"} 1
leash_contexts_live 3
leash_contexts_held 1
leash_timers_armed 4
process_resident_memory_bytes 1048576
process_heap_bytes 4096
process_start_time_seconds 1763940000
http_requests_in_flight 7
http_requests_total{route="/demo",method="GET",code="200",mode="leaky"} 9
leash_server_mode{mode="fixed"} 0
leash_server_mode{mode="leaky"} 1
)";

// What a scrape of a stub that answers so comes to.
void scrape(support::StubHttpServer::Answer answer,
            const std::function<void(const std::expected<loadgen::Scrape, std::string>&)>& judge,
            leash::Duration timeout = 5s) {
  Bench::run(std::move(answer), [&](Bench& b) -> leash::Task<> {
    const loadgen::MetricsSource source(b.server.url("/metrics"));
    loadgen::Scraper scraper(b.loop, source);
    const auto seen = co_await scraper.scrape(b.ctx, timeout);
    judge(seen);
    scraper.close();
  });
}

TEST(Scraper, ReadsServerFigures) {
  scrape([](const StubRequest&) { return text(metrics); },
         [](const auto& seen) {
           ASSERT_TRUE(seen) << seen.error();
           EXPECT_EQ(seen->figures.tasks, 2);
           EXPECT_EQ(seen->figures.tasks_leaked, 1);
           EXPECT_EQ(seen->figures.contexts, 4);
           EXPECT_EQ(seen->figures.timers, 4);
           EXPECT_EQ(seen->in_flight, 7);
           EXPECT_EQ(seen->mode, "leaky");
         });
}

using Lines = std::vector<std::string>;

Lines leaks_of(support::StubHttpServer::Answer answer) {
  Lines lines;
  Bench::run(std::move(answer), [&](Bench& b) -> leash::Task<> {
    const loadgen::MetricsSource source(b.server.url("/metrics"));
    loadgen::Scraper scraper(b.loop, source);
    lines = co_await scraper.leaks(b.ctx, 5s);
    scraper.close();
  });
  return lines;
}

TEST(Scraper, AsksForCuresThenForLeaks) {
  const auto only = [](std::string_view target, std::string body) {
    return [target, body = std::move(body)](const StubRequest& request) {
      if (request.target != target) return text("", 404);
      StubReply reply;
      reply.bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body;
      return reply;
    };
  };
  EXPECT_EQ(leaks_of(only("/cures", "send leaks:\n- a\n+ b\n\n")), (Lines{"send leaks:", "- a", "+ b"}));
  EXPECT_EQ(leaks_of(only("/debug/leaks?format=text", "2 tasks\n\x1b[2J")), (Lines{"2 tasks", "?[2J"}));
  EXPECT_EQ(leaks_of([](const StubRequest&) { return text("<p>Welcome</p>"); }), Lines())
      << "of another server";
}

TEST(Scraper, ReportsErrorsInOneSentence) {
  for (const char* value : {"NaN", "+Inf", "1e300"}) {
    scrape(
        [value](const StubRequest&) {
          std::string spoilt = metrics;
          const std::string_view in_flight = "http_requests_in_flight ";
          spoilt.replace(spoilt.find(in_flight) + in_flight.size(), 1, value);
          return text(spoilt);
        },
        [](const auto& seen) {
          ASSERT_FALSE(seen);
          EXPECT_TRUE(seen.error().ends_with("the server's http_requests_in_flight is not a usable number"))
              << seen.error();
        });
  }
  scrape([](const StubRequest&) { return text("no such page", 404); },
         [](const auto& seen) {
           ASSERT_FALSE(seen);
           EXPECT_NE(seen.error().find("/metrics: 404 Status"), std::string::npos) << seen.error();
         });
  scrape([](const StubRequest&) { return text("<html>hello</html>\n"); },
         [](const auto& seen) {
           ASSERT_FALSE(seen);
           EXPECT_EQ(seen.error().find('\n'), std::string::npos) << seen.error();
         });
  scrape([](const StubRequest&) { return text("up 1\n"); },
         [](const auto& seen) { EXPECT_FALSE(seen) << "metrics of another kind of server"; });
}

TEST(Scraper, StripsControlCharactersFromServerText) {
  scrape(
      [](const StubRequest&) {
        std::string spoilt = metrics;
        const std::string_view mode = "{mode=\"leaky\"} 1";
        spoilt.replace(spoilt.find(mode), mode.size(), "{mode=\"\x1b[31mred\"} 1");
        return text(spoilt);
      },
      [](const auto& seen) {
        ASSERT_TRUE(seen) << seen.error();
        EXPECT_EQ(seen->mode.find('\x1b'), std::string::npos) << seen->mode;
        EXPECT_NE(seen->mode.find("red"), std::string::npos) << seen->mode;
      });
}

TEST(Scraper, GivesUpWhenTheAnswerIsLate) {
  scrape(
      [](const StubRequest&) {
        StubReply reply;
        reply.then = support::Then::hang;
        return reply;
      },
      [](const auto& seen) {
        ASSERT_FALSE(seen);
        EXPECT_NE(seen.error().find("no answer within 50ms"), std::string::npos) << seen.error();
      },
      50ms);
}

}  // namespace
