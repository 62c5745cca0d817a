// SPDX-License-Identifier: BSL-1.0
// The client and the real server with a bad network between them. For each fault and direction, a call ends in one of
// a few ways, and neither side keeps a task, a context, a timer or a connection.

#include "tests/support/fault_proxy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/client.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "tests/support/server_process.hpp"

namespace {

using namespace std::chrono_literals;
using support::FaultProxy;
using support::Faults;
using support::Script;
using support::ServerProcess;
using Next = Faults::Then;
using Outcomes = std::map<std::string, int>;

// A status, or the kind of an error.
std::string outcome(const leash::Result<client::Response>& response) {
  if (response) return std::to_string(response->status);
  const std::error_code error = response.error();
  if (error == client::errc::refused) return "refused";
  if (error == client::errc::truncated) return "truncated";
  if (error == client::errc::malformed) return "malformed";
  if (error == client::errc::too_large) return "too large";
  if (error == std::errc::timed_out) return "too late";
  return error.message();
}

std::vector<client::Request> requests(std::uint16_t port, std::size_t body, leash::Duration timeout) {
  http::Url url;
  url.host = "127.0.0.1";
  url.port = port;
  const auto to = [&](std::string target, std::string method) {
    url.target = std::move(target);
    client::Request request(url, std::move(method));
    request.timeout = timeout;
    return request;
  };
  std::vector<client::Request> all = {to("/demo?pattern=mixed&latency=1ms", "GET"), to("/echo", "POST"),
                                      to("/backend?latency=1ms&payload=" + std::to_string(body), "GET"),
                                      to("/healthz", "HEAD")};
  all[1].body.assign(body, 'x');
  return all;
}

leash::Task<> call_each(leash::Context ctx, client::Client& http, std::vector<client::Request> calls,
                        Outcomes& outcomes) {
  for (client::Request& request : calls) {
    const auto response = co_await http.call(ctx, std::move(request));
    ++outcomes[outcome(response)];
  }
}

// This many callers at the same time, over one client.
leash::Task<> drive(leash::Loop& loop, int callers, std::vector<client::Request> calls, Outcomes& outcomes) {
  const auto limited = leash::with_timeout(loop.background(), 30s);
  client::Client http(loop);
  leash::Scope scope(limited.ctx);
  for (int i = 0; i < callers; ++i) scope.go(call_each(scope.ctx(), http, calls, outcomes), "caller");
  const auto joined = co_await scope.join();
  EXPECT_TRUE(joined) << joined.error().message();
}

Outcomes run(int callers, std::vector<client::Request> calls) {
  Outcomes outcomes;
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::go(loop.background(), drive(loop, callers, std::move(calls), outcomes), "callers");
  const auto ran = loop.run();
  EXPECT_TRUE(ran) << ran.error().message();
  EXPECT_EQ(leash::live_tasks(loop), 0U);
  EXPECT_EQ(loop.metrics()->contexts_live.get(), 0U);
  EXPECT_EQ(loop.metrics()->contexts_held.get(), 0U);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0U);
  EXPECT_EQ(loop.metrics()->exceptions.get(), 0U);
  return outcomes;
}

class ClientAndServer : public testing::Test {
 protected:
  // The server is in its initial state, by its own metrics.
  void expect_nothing_left() const {
    EXPECT_TRUE(server.metric_becomes("http_connections", "", 0));
    EXPECT_TRUE(server.metric_becomes("http_requests_in_flight", "", 0));
    EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
    EXPECT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 0));
    EXPECT_TRUE(server.metric_becomes("leash_contexts_live", "", contexts));
    EXPECT_TRUE(server.metric_becomes("leash_timers_armed", "", timers));
    EXPECT_TRUE(server.metric_becomes("process_open_fds", "", descriptors));
  }

  // Each request once, one after the other. Each outcome must be among `allowed`.
  void expect_outcomes(const std::string& name, const Script& script, const std::set<std::string>& allowed,
                       leash::Duration timeout = 10s) const {
    SCOPED_TRACE(name);
    {
      FaultProxy proxy(server.port(), script, 42);
      for (const auto& [what, times] : run(1, requests(proxy.port(), 3000, timeout))) {
        EXPECT_TRUE(allowed.contains(what)) << what << ", " << times << " times";
      }
      const bool has_event = script.to_server.then != Next::go_on || script.to_client.then != Next::go_on;
      EXPECT_EQ(proxy.faults() > 0, has_event);
      // A server that is not notified of the client's end keeps its own end open.
      const bool ends_are_lost = script.to_server.then == Next::half_open;
      EXPECT_TRUE(ends_are_lost || support::eventually([&] { return proxy.open() == 0; }));
    }
    expect_nothing_left();
  }

  const ServerProcess server;
  const double contexts = server.metric("leash_contexts_live");
  const double timers = server.metric("leash_timers_armed");
  const double descriptors = server.metric("process_open_fds");
};

Faults event(Next then, std::uint64_t after) {
  Faults faults;
  faults.then = then;
  faults.after = after;
  return faults;
}

// Inside the head of a request or response; inside the body of the larger ones.
constexpr std::uint64_t in_a_head = 20;
constexpr std::uint64_t in_a_body = 1500;

TEST_F(ClientAndServer, AnswersAreTheSameHoweverTheirBytesTravel) {
  Faults faults;
  expect_outcomes("as they come", {}, {"200"});
  faults.segment = 1;
  expect_outcomes("byte by byte", {.to_server = faults, .to_client = faults}, {"200"});
  faults.segment = 100;
  faults.delay = 1ms;
  expect_outcomes("slowly", {.to_server = faults, .to_client = faults}, {"200"});
  faults = {};
  faults.merge = 5ms;
  expect_outcomes("merged", {.to_server = faults, .to_client = faults}, {"200"});
}

TEST_F(ClientAndServer, ADelayBeyondTheTimeoutIsTooLate) {
  Faults faults;
  faults.delay = 300ms;
  expect_outcomes("requests", {.to_server = faults}, {"too late"}, 30ms);
  expect_outcomes("responses", {.to_client = faults}, {"too late"}, 30ms);
}

TEST_F(ClientAndServer, ReportCutOrResetRequestAsRefused) {
  for (const Next then : {Next::cut, Next::reset}) {
    SCOPED_TRACE(then == Next::cut ? "cut" : "reset");
    expect_outcomes("at once", {.to_server = event(then, 0)}, {"refused"});
    expect_outcomes("in a head", {.to_server = event(then, in_a_head)}, {"refused"});
    // The smaller requests are not affected; the echo of half a body may have begun.
    expect_outcomes("in a body", {.to_server = event(then, in_a_body)}, {"200", "refused", "truncated"});
  }
}

TEST_F(ClientAndServer, ReportCutOrResetResponseAsTruncated) {
  for (const Next then : {Next::cut, Next::reset}) {
    SCOPED_TRACE(then == Next::cut ? "cut" : "reset");
    expect_outcomes("at once", {.to_client = event(then, 0)}, {"refused"});
    // A reset may overtake the bytes in front of it.
    expect_outcomes("in a head", {.to_client = event(then, in_a_head)},
                    then == Next::cut ? std::set<std::string>{"truncated"}
                                      : std::set<std::string>{"truncated", "refused"});
    expect_outcomes("in a body", {.to_client = event(then, in_a_body)}, {"200", "refused", "truncated"});
  }
}

TEST_F(ClientAndServer, SilenceIsTooLate) {
  for (const std::uint64_t after : {std::uint64_t{0}, in_a_head}) {
    expect_outcomes("requests", {.to_server = event(Next::half_open, after)}, {"too late"}, 50ms);
    expect_outcomes("responses", {.to_client = event(Next::half_open, after)}, {"too late"}, 50ms);
  }
  // The server gives up first, and may have begun to answer.
  expect_outcomes("in a request", {.to_server = event(Next::half_open, in_a_body)},
                  {"200", "504", "truncated", "too late"}, 300ms);
  expect_outcomes("in a response", {.to_client = event(Next::half_open, in_a_body)}, {"200", "too late"},
                  300ms);
}

TEST_F(ClientAndServer, GarbageIsNoAnswer) {
  for (const std::uint64_t after : {std::uint64_t{0}, in_a_head}) {
    expect_outcomes("in a request", {.to_server = event(Next::garbage, after)}, {"400"});
    expect_outcomes("in a response", {.to_client = event(Next::garbage, after)}, {"malformed"});
  }
  // A body may have any content and ends at its length. Further bytes are no message.
  expect_outcomes("in the body of a request", {.to_server = event(Next::garbage, in_a_body)},
                  {"200", "400", "501"});
  expect_outcomes("in the body of a response", {.to_client = event(Next::garbage, in_a_body)},
                  {"200", "malformed"});
}

TEST_F(ClientAndServer, LeavesNothingAfterFaults) {
  const std::set<std::string> allowed = {"200",     "400",       "408",       "501",     "504",
                                         "refused", "truncated", "malformed", "too late"};
  Outcomes outcomes;
  {
    FaultProxy proxy(server.port(), support::mixed_faults, 7);
    for (int round = 0; round < 4; ++round) {
      outcomes.merge(run(16, requests(proxy.port(), 3000, 300ms)));
    }
    EXPECT_GT(proxy.faults(), 0);
  }
  for (const auto& [what, times] : outcomes) EXPECT_TRUE(allowed.contains(what)) << what;
  EXPECT_GT(outcomes.size(), 2U);
  expect_nothing_left();
  EXPECT_EQ(server.get("/healthz").status, 200);
}

}  // namespace
