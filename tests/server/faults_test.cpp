// SPDX-License-Identifier: BSL-1.0
// Handlers that throw, and memory that runs out: whatever happens to one request, the server continues. A separate
// program, because it replaces operator new.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "http/server/listener.hpp"
#include "inspector/loop_probe.hpp"
#include "inspector/metrics.hpp"
#include "leash/go.hpp"
#include "leash/sleep.hpp"
#include "server/admin.hpp"
#include "server/log.hpp"
#include "server/patterns/pattern.hpp"
#include "server/patterns/upstream_client.hpp"
#include "server/routes.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/connected.hpp"
#include "tests/support/failing_new.hpp"
#include "tests/support/in_process_server.hpp"
#include "tests/support/silent_listener.hpp"

namespace {

using namespace std::chrono_literals;
using http::server::Exchange;
using http::server::MaybeResponse;
using leash::Result;
using leash::Task;
using support::InProcessServer;

std::string request(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
}
std::string kept_request(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

Task<Result<MaybeResponse>> fine(Exchange& exchange) {
  const Result<> slept = co_await leash::sleep(exchange.ctx(), 100us);
  if (!slept) co_return std::unexpected(slept.error());
  co_return http::Response{.status = 200, .body = "fine\n"};
}
Task<Result<MaybeResponse>> throws(Exchange& exchange) {
  (void)co_await leash::sleep(exchange.ctx(), 100us);
  throw std::runtime_error("the \"disk\"\nis on fire");
}
Task<Result<MaybeResponse>> throws_something(Exchange&) {
  throw 42;
  co_return std::nullopt;
}
Task<Result<MaybeResponse>> throws_late(Exchange& exchange) {
  (void)co_await exchange.ctx().done();
  throw std::runtime_error("too late");
}
Task<Result<MaybeResponse>> throws_in_the_middle(Exchange& exchange) {
  http::Response head{.status = 200};
  (void)co_await exchange.begin(std::move(head), 10'000);
  (void)co_await exchange.write(std::string(5'000, 'h'));
  throw std::runtime_error("half way");
}
Task<Result<MaybeResponse>> throws_early(Exchange& exchange) {
  http::Response head{.status = 200};
  (void)co_await exchange.begin(std::move(head), 100);
  (void)co_await exchange.write("half");
  throw std::runtime_error("too early");
}
Task<Result<MaybeResponse>> wants_too_much(Exchange&) {
  throw std::bad_alloc();
  co_return std::nullopt;
}
Task<Result<MaybeResponse>> returns_an_error(Exchange&) {
  co_return std::unexpected(std::make_error_code(std::errc::io_error));
}
http::Response throws_now(Exchange&) { throw std::runtime_error("at once"); }

std::vector<http::server::Route> routes() {
  return {support::task_route("/fine", fine),
          support::task_route("/throws", throws),
          support::task_route("/something", throws_something),
          support::task_route("/late", throws_late),
          support::task_route("/middle", throws_in_the_middle),
          support::task_route("/early", throws_early),
          support::task_route("/memory", wants_too_much),
          support::task_route("/error", returns_an_error),
          {http::Method::get, "/now", "", "", throws_now}};
}

class Faults : public testing::Test {
 protected:
  // After a request for `path`, further requests on the same and on another connection are served.
  std::string ask(InProcessServer& server, const std::string& path) {
    log_.clear();
    const std::string answer = server.ask(kept_request(path) + request("/fine"));
    server.expect_nothing_left();
    EXPECT_TRUE(server.ask(request("/fine")).starts_with("HTTP/1.1 200 ")) << "after " << path;
    server.expect_nothing_left();
    return answer;
  }
  static http::server::Settings impatient() {
    http::server::Settings settings;
    settings.request_timeout = 20ms;
    return settings;
  }

  support::CapturedLog log_;
};

TEST_F(Faults, ThrowingHandlerIsAnsweredWith500AndLogged) {
  InProcessServer server(routes());
  struct Case {
    const char* path;
    const char* what;
  };
  for (const Case& each :
       {Case{"/throws", R"(what="the \"disk\"\nis on fire")"},
        Case{"/something", "what=\"not a std::exception\""}, Case{"/now", "what=\"at once\""},
        Case{"/early", "what=\"too early\""}, Case{"/error", "what=\"Input/output error\""}}) {
    const std::string answers = ask(server, each.path);
    EXPECT_TRUE(answers.starts_with("HTTP/1.1 500 ")) << answers;
    EXPECT_NE(answers.find("application/problem+json"), std::string::npos) << answers;
    EXPECT_EQ(answers.find("fire"), std::string::npos) << "the cause is for the log, not for the client";
    EXPECT_NE(answers.find("fine\n"), std::string::npos) << "the connection is kept\n" << answers;
    EXPECT_TRUE(log_.has("level=error event=")) << log_.text();
    EXPECT_TRUE(log_.has(" request=")) << log_.text();
    EXPECT_TRUE(log_.has(" trace=")) << log_.text();
    EXPECT_TRUE(log_.has(each.what)) << log_.text();
  }
}

TEST_F(Faults, LogsHandlerThrowingAfterAnsweredDeadline) {
  InProcessServer server(routes(), impatient());
  const std::string answers = ask(server, "/late");
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 504 ")) << answers;
  EXPECT_EQ(answers.find("HTTP/1.1 500 "), std::string::npos) << answers;
  EXPECT_TRUE(log_.has("what=\"too late\"")) << log_.text();
}

TEST_F(Faults, HandlerThrowingDuringResponseEndsConnection) {
  InProcessServer server(routes());
  const std::string answers = ask(server, "/middle");
  EXPECT_TRUE(answers.ends_with("\r\n\r\n" + std::string(5'000, 'h'))) << answers;
  EXPECT_TRUE(log_.has("what=\"half way\"")) << log_.text();
}

TEST_F(Faults, WithoutMemoryARequestIsAnsweredWith503) {
  InProcessServer server(routes());
  const std::string answers = ask(server, "/memory");
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 503 ")) << answers;
  EXPECT_NE(answers.find("\r\nRetry-After: 1\r\n"), std::string::npos) << answers;
  EXPECT_NE(answers.find("\"cause\":\"memory\""), std::string::npos) << answers;
  EXPECT_TRUE(log_.has("event=\"no memory for a request\"")) << log_.text();
}

TEST_F(Faults, MetricsAreCompleteOrAbsent) {
  InProcessServer server(routes());
  const http::server::Workers workers;
  const server::Shared shared{server::Options()};
  const inspector::Program program = server::admin_program(shared, server.service, workers);
  const inspector::LoopProbes probes(server::log_event);
  const auto render = [&] { return inspector::render_metrics(probes, program.append_families); };
  const std::string whole = render();
  bool failed = true;
  for (int i = 0; failed; ++i) {
    support::fail_allocation(i);
    std::string text;
    try {
      text = render();
    } catch (const std::bad_alloc&) {
    }
    failed = support::stop_failing();
    if (text.empty()) continue;
    EXPECT_EQ(std::ranges::count(text, '\n'), std::ranges::count(whole, '\n'))
        << i << ": only metrics differ";
  }
}

// --- every allocation of a whole request in turn ---

// As in Worker::run(): an exception ends only its handler, and the others continue.
void as_a_worker(const std::function<void()>& run) {
  for (bool again = true; again;) {
    try {
      again = false;
      run();
    } catch (const std::bad_alloc&) {
      again = true;
    }
  }
}

// One request in which the allocation after this many fails; false if there were fewer.
bool one_failed(InProcessServer& server, const std::string& bytes, int succeed) {
  support::Connected ends;
  EXPECT_EQ(::send(ends.client, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
  server.worker.adopt(http::server::UniqueFd(std::exchange(ends.accepted, -1)), AF_INET);
  const std::function<bool()> ended = [&] {
    char chunk[4096];
    ssize_t n = 1;
    while (ends.client >= 0 && n > 0) n = ::recv(ends.client, chunk, sizeof chunk, MSG_DONTWAIT);
    if (ends.client >= 0 && (n == 0 || errno != EAGAIN)) ::close(std::exchange(ends.client, -1));
    return ends.client < 0 && server.worker.open.load() == 0;
  };
  support::fail_allocation(succeed);
  as_a_worker([&] { EXPECT_TRUE(support::step_until(server.worker.loop().io(), server.steps, ended)); });
  return support::stop_failing();
}

TEST_F(Faults, ServerSurvivesEveryFailedAllocation) {
  const server::Shared shared{server::Options()};
  for (const char* path :
       {"/healthz", "/nowhere", "/backend?latency=0&payload=100k", "/demo?pattern=send&latency=0"}) {
    SCOPED_TRACE(path);
    const std::string bytes =
        "GET " + std::string(path) +
        " HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nAccept: c\r\nConnection: close\r\n\r\n";
    int failures = 0;
    for (bool failed = true; failed; ++failures) {
      SCOPED_TRACE(failures);
      InProcessServer server(server::public_routes(shared));
      failed = one_failed(server, bytes, failures);
      EXPECT_TRUE(server.ask(request("/healthz")).starts_with("HTTP/1.1 200 "));
      server.expect_nothing_left();
    }
    EXPECT_GT(failures, 10);
  }
}

http::server::UniqueFd dial(std::uint16_t port) {
  http::server::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return client;
}

TEST_F(Faults, LosesOnlyClientWithoutMemory) {
  for (int succeed = 0; succeed < 3; ++succeed) {
    InProcessServer server(routes());
    asio::io_context& io = server.worker.loop().io();
    auto listener = http::server::Listener::open(io, "127.0.0.1", 0);
    ASSERT_TRUE(listener) << listener.error();
    const std::uint16_t port = listener->port();
    auto [ctx, cancel] = leash::with_cancel(server.worker.loop().background());
    const http::server::Admission admission({&server.worker}, 100);
    leash::go(ctx, http::server::Listener::run(std::move(*listener), ctx, {&server.worker}, &admission));
    io.poll();
    std::vector<http::server::UniqueFd> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(dial(port));
    support::fail_allocation(succeed);
    as_a_worker([&] { io.poll(); });
    EXPECT_TRUE(support::stop_failing());
    clients.push_back(dial(port));
    EXPECT_TRUE(support::step_until(io, server.steps, [&] { return server.worker.open.load() == 3; }))
        << "all but one: " << server.worker.open.load();
    clients.clear();
    cancel();
    EXPECT_TRUE(
        support::step_until(io, server.steps, [&] { return leash::live_tasks(server.worker.loop()) == 0; }));
  }
}

// --- every allocation of a handler in turn ---

struct Failing {
  server::PatternFunction run;
  int succeed = 0;  // this many allocations
  bool failed = false;
};

Task<Result<MaybeResponse>> run_failing(Exchange& exchange, Failing* failing) {
  server::Demo demo{exchange.ctx(),
                    exchange.worker().loop().background(),
                    &exchange.worker().kept<server::PatternState>(),
                    3,
                    100us,
                    64};
  support::fail_allocation(failing->succeed);
  std::exception_ptr thrown;
  try {
    const auto tally = co_await failing->run(std::move(demo));
    if (tally) {
      EXPECT_EQ(tally->left(), 0);
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  failing->failed = support::stop_failing();
  if (thrown) std::rethrow_exception(thrown);
  co_return http::Response{.status = 200, .body = "fine\n"};
}

TEST_F(Faults, EveryAllocationOfAFixedPatternMayFail) {
  for (const server::Pattern& pattern : server::patterns()) {
    SCOPED_TRACE(pattern.name);
    Failing failing{pattern.fixed};
    auto all = routes();
    all.push_back(support::task_route("/failing", [&](Exchange& e) { return run_failing(e, &failing); }));
    InProcessServer server(std::move(all));
    const support::SilentListener silent;
    server.patterns->upstream =
        std::make_shared<server::Upstream>(server.worker.loop(), silent.url(), std::nullopt, 10);
    int refused = 0;
    do {
      const std::string answers = ask(server, "/failing");
      const bool served = answers.starts_with("HTTP/1.1 200 ");  // also without optional allocations
      refused += !served;
      EXPECT_TRUE(served || (failing.failed && answers.starts_with("HTTP/1.1 503 ")))
          << "after " << failing.succeed << " allocations\n"
          << answers << log_.text();
      ASSERT_LT(++failing.succeed, 1000);
    } while (failing.failed && !HasFailure());
    EXPECT_GT(refused, 0);
  }
}

}  // namespace
