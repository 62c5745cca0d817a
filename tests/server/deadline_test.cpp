// SPDX-License-Identifier: BSL-1.0
// The deadlines of callers, and whether a handler is started.

#include <gtest/gtest.h>

#include "http/server/connection.hpp"
#include "leash/sleep.hpp"
#include "tests/support/in_process_server.hpp"

namespace {

using namespace std::chrono_literals;
using leash::Result;
using leash::Task;
using support::InProcessServer;

// Counts its starts and keeps its remaining time.
struct Handler {
  int started = 0;
  leash::Duration remaining{};
  leash::Duration takes{};

  http::server::Route route() {
    return support::task_route("/work", [this](http::server::Exchange& exchange) { return work(exchange); });
  }
  Task<Result<http::server::MaybeResponse>> work(http::server::Exchange& exchange) {
    ++started;
    remaining = exchange.ctx().remaining().value_or(-1s);
    const Result<> slept = co_await leash::sleep(exchange.ctx(), takes);
    if (!slept) co_return std::unexpected(slept.error());
    co_return http::Response{.status = 200, .body = "done\n"};
  }
};

std::string timed_request(std::string_view fields, bool last = true) {
  return "GET /work HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + (last ? "Connection: close\r\n" : "") +
         "\r\n";
}

int status_of(const std::string& answer) { return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3)); }

class Deadline : public testing::Test {
 protected:
  std::string ask(const std::string& bytes) {
    std::string answer = server.ask(bytes);
    server.expect_nothing_left();
    return answer;
  }
  Handler handler;
  InProcessServer server{{handler.route()}};
};

TEST_F(Deadline, AnswersExpiredRequestWithoutStartingHandler) {
  for (const char* field : {"X-Request-Timeout-Ms: 0\r\n", "X-Request-Timeout-Ms: 0000000000\r\n",
                            "grpc-timeout: 0S\r\n", "grpc-timeout: 0n\r\nX-Request-Timeout-Ms: 1000\r\n"}) {
    const std::string answer = ask(timed_request(field));
    EXPECT_EQ(status_of(answer), 504) << field;
    EXPECT_NE(answer.find("\r\nX-Deadline-Expired: 1\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
    EXPECT_EQ(handler.started, 0) << field;
  }
  EXPECT_EQ(status_of(ask(timed_request("X-Request-Timeout-Ms: 1000\r\n"))), 200);
  EXPECT_EQ(handler.started, 1);
}

TEST_F(Deadline, PipelinedDeadlineCountsFromArrival) {
  handler.takes = 30ms;
  const std::string answers = ask(timed_request("", false) + timed_request("X-Request-Timeout-Ms: 10\r\n"));
  EXPECT_EQ(status_of(answers), 200);
  EXPECT_NE(answers.find("HTTP/1.1 504 "), std::string::npos) << answers;
  EXPECT_EQ(handler.started, 1) << "it waited for the first one until its time was up";
}

TEST_F(Deadline, IsTheSmallestOfThoseGiven) {
  struct Case {
    const char* fields;
    leash::Duration most;
  };
  for (const Case& each : {Case{"", 2s}, Case{"X-Request-Timeout-Ms: 1500\r\n", 1500ms},
                           Case{"X-Request-Timeout-Ms: 9999999999\r\n", 2s},
                           Case{"grpc-timeout: 1200m\r\n", 1200ms}, Case{"grpc-timeout: 99999999H\r\n", 2s},
                           Case{"grpc-timeout: 1S\r\nX-Request-Timeout-Ms: 1500\r\n", 1s},
                           Case{"grpc-timeout: 1S\r\nX-Request-Timeout-Ms: 500\r\n", 500ms}}) {
    EXPECT_EQ(status_of(ask(timed_request(each.fields))), 200) << each.fields;
    EXPECT_LE(handler.remaining, each.most) << each.fields;
    EXPECT_GT(handler.remaining, each.most - 400ms) << each.fields;
  }
}

TEST_F(Deadline, MalformedOrRepeatedFieldIsBadRequest) {
  for (const char* fields :
       {"X-Request-Timeout-Ms: \r\n", "X-Request-Timeout-Ms: -1\r\n", "X-Request-Timeout-Ms: 1.5\r\n",
        "X-Request-Timeout-Ms: 12345678901\r\n", "X-Request-Timeout-Ms: 5ms\r\n", "grpc-timeout: 5\r\n",
        "grpc-timeout: S\r\n", "grpc-timeout: 5s\r\n", "grpc-timeout: 123456789n\r\n",
        "X-Request-Timeout-Ms: 5\r\nx-request-timeout-ms: 5\r\n",
        "grpc-timeout: 5S\r\ngrpc-timeout: 5S\r\n"}) {
    EXPECT_EQ(status_of(ask(timed_request(fields))), 400) << fields;
  }
  EXPECT_EQ(handler.started, 0);
}

}  // namespace
