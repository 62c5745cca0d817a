// SPDX-License-Identifier: BSL-1.0
#include "http/server/connection.hpp"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "leash/clock.hpp"
#include "tests/support/in_process_server.hpp"
#include "tests/support/server_process.hpp"

namespace {

using namespace std::chrono_literals;
using support::HttpReply;
using support::RawClient;
using support::ServerProcess;

std::string request(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

TEST(Connection, IsKeptForFurtherRequests) {
  ServerProcess server;
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(request("/healthz"));
    EXPECT_EQ(client.receive_reply().status, 200);
  }
  EXPECT_TRUE(server.metric_becomes("http_connections_total", "", 1));
}

TEST(Connection, AnswersPipelinedRequestsInTheirOrder) {
  ServerProcess server;
  RawClient client(server.port());
  client.send(request("/backend?latency=30ms&payload=1") + request("/healthz") + request("/nowhere") +
              request("/backend?latency=0&payload=2"));
  EXPECT_EQ(client.receive_reply().body, "x\n");
  EXPECT_EQ(client.receive_reply().body, "{\"status\":\"alive\"}\n");
  EXPECT_EQ(client.receive_reply().status, 404);
  EXPECT_EQ(client.receive_reply().body, "xx\n");
}

TEST(Connection, StreamsAnEchoOfASizedAndOfAChunkedBody) {
  ServerProcess server;
  RawClient client(server.port());
  const std::string body(100'000, 'b');
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  EXPECT_EQ(client.receive_reply().body, body);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  const std::string reply = client.receive_all();
  EXPECT_NE(reply.find("Transfer-Encoding: chunked"), std::string::npos) << reply;
  EXPECT_NE(reply.find("hello"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("0\r\n\r\n")) << reply;
}

TEST(Connection, EmptyEchoHasLengthZero) {
  ServerProcess server;
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\n\r\n" + request("/healthz"));
  const HttpReply echo = client.receive_reply();
  EXPECT_EQ(echo.status, 200);
  EXPECT_NE(echo.head.find("Content-Length: 0\r\n"), std::string::npos) << echo.head;
  EXPECT_EQ(client.receive_reply().body, "{\"status\":\"alive\"}\n");
}

TEST(Connection, TheJitterOfTheBackendIsRandom) {
  ServerProcess server;
  RawClient client(server.port());
  // Half of them would take half a minute, but their deadline ends them. The others answer at once.
  std::set<int> statuses;
  for (int i = 0; i < 60 && statuses.size() < 2; ++i) {
    client.send("GET /backend?latency=0&jitter=60s HTTP/1.1\r\nHost: a\r\nX-Request-Timeout-Ms: 100\r\n\r\n");
    statuses.insert(client.receive_reply().status);
  }
  EXPECT_EQ(statuses, (std::set<int>{200, 504}));
}

TEST(Connection, EndsWithoutWaitingForUnreadBody) {
  ServerProcess server;
  RawClient client(server.port());
  client.send("POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
  const HttpReply reply = client.receive_reply();
  EXPECT_EQ(reply.status, 404);
  EXPECT_NE(reply.head.find("Connection: close\r\n"), std::string::npos) << reply.head;
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Connection, AnnouncesCloseOnDeadlineWhileAwaitingBody) {
  ServerProcess server;
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nX-Request-Timeout-Ms: 50\r\nContent-Length: 5\r\n\r\n");
  const HttpReply reply = client.receive_reply();
  EXPECT_EQ(reply.status, 504);
  EXPECT_NE(reply.head.find("Connection: close\r\n"), std::string::npos) << reply.head;
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Connection, SkipsUnreadBodyAlreadyReceived) {
  ServerProcess server;
  RawClient client(server.port());
  client.send("POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello" + request("/healthz"));
  EXPECT_EQ(client.receive_reply().status, 404);
  EXPECT_EQ(client.receive_reply().status, 200);
}

TEST(Connection, MakesTheContextOfAHandlerThatRunsAtOnceIfItAsksForIt) {
  std::optional<leash::Context> kept;
  http::server::AtOnce plain = [](http::server::Exchange&) { return http::Response(); };
  http::server::AtOnce asks = [&kept](http::server::Exchange& exchange) {
    kept = exchange.ctx();
    EXPECT_FALSE(kept->is_done());
    EXPECT_TRUE(kept->deadline());
    return http::Response();
  };
  support::InProcessServer server(
      {{http::Method::get, "/plain", "", "", plain}, {http::Method::get, "/asks", "", "", asks}});
  const auto contexts_of = [&](std::string_view path) {
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    const auto& done = server.worker.loop().metrics()->contexts_done;
    for (const leash::Figure& cause : done) before += cause.get();
    server.ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    for (const leash::Figure& cause : done) after += cause.get();
    return after - before;
  };
  const std::uint64_t without = contexts_of("/plain");
  EXPECT_EQ(contexts_of("/asks"), without + 1);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->cause(), leash::errc::finished);
}

TEST(RequestDeadline, IsAnsweredWith504WhenItPasses) {
  ServerProcess server({"--request-timeout", "30ms"});
  const HttpReply reply = server.get("/demo?pattern=send&latency=10s");
  EXPECT_EQ(reply.status, 504);
  EXPECT_NE(reply.head.find("X-Deadline-Expired: 1"), std::string::npos);
  EXPECT_NE(reply.body.find("\"cause\":\"deadline\""), std::string::npos);
  EXPECT_TRUE(server.metric_becomes("http_deadline_exceeded_total", "route=\"/demo\"", 1));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
}

TEST(RequestDeadline, IsTheSmallerOfTheServersAndTheCallers) {
  ServerProcess server;
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=10s", "X-Request-Timeout-Ms: 30\r\n").status, 504);
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms", "X-Request-Timeout-Ms: 1000\r\n").status, 200);
  EXPECT_EQ(server.get("/demo?pattern=receive", "X-Request-Timeout-Ms: 0\r\n").status, 504);
  EXPECT_EQ(server.get("/demo?pattern=receive", "X-Request-Timeout-Ms: -5\r\n").status, 400);
  EXPECT_EQ(
      server.get("/demo?pattern=receive", "X-Request-Timeout-Ms: 5\r\nX-Request-Timeout-Ms: 5\r\n").status,
      400);
}

TEST(RequestDeadline, LeavesTheConnectionForTheNextRequest) {
  ServerProcess server({"--request-timeout", "30ms"});
  RawClient client(server.port());
  client.send(request("/demo?pattern=poller&latency=10s") + request("/healthz"));
  EXPECT_EQ(client.receive_reply().status, 504);
  EXPECT_EQ(client.receive_reply().status, 200);
}

// A client that waits between its requests.
class Waiting : public testing::Test {
 protected:
  Waiting() { server_.worker.adopt(http::server::UniqueFd(std::exchange(ends_.accepted, -1)), AF_INET); }
  void TearDown() override {
    ::close(std::exchange(ends_.client, -1));
    EXPECT_TRUE(support::step_until(server_.worker.loop().io(), server_.steps,
                                    [&] { return server_.worker.open.load() == 0; }));
  }
  void ask() {
    const std::string bytes = request("/");
    EXPECT_EQ(::send(ends_.client, bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
    char answer[1000];
    EXPECT_TRUE(support::step_until(server_.worker.loop().io(), server_.steps, [&] {
      return ::recv(ends_.client, answer, sizeof answer, MSG_DONTWAIT) > 0;
    }));
  }
  void pass(leash::Duration time) {
    clock_.advance(time);
    server_.worker.loop().io().restart();
    server_.worker.loop().io().poll();
  }
  bool is_open() const {
    char byte;
    return ::recv(ends_.client, &byte, 1, MSG_DONTWAIT) != 0;
  }

  leash::ManualClock clock_;
  support::InProcessServer server_{{}, {}, {.name = "worker", .clock = &clock_}};
  support::Connected ends_;
};

TEST_F(Waiting, MayTakeTheFirstByteTimeout) {
  pass(0s);  // it begins to wait
  pass(10s - 1ms);
  EXPECT_TRUE(is_open());
  pass(1ms);
  EXPECT_FALSE(is_open());
}

TEST_F(Waiting, MayTakeTheIdleTimeAfterEachRequest) {
  for (int i = 0; i < 3; ++i) {
    ask();
    pass(75s - 1ms);
    ASSERT_TRUE(is_open()) << i;
  }
  pass(1ms);
  EXPECT_FALSE(is_open());
}

TEST_F(Waiting, MayTakeTheIdleTimeAfterManyRequestsInARow) {
  for (int i = 0; i < 100; ++i) {
    ask();
    pass(100ms);
  }
  pass(75s - 101ms);
  EXPECT_TRUE(is_open());
  pass(1ms);
  EXPECT_FALSE(is_open());
}

TEST_F(Waiting, EmptyLinesGiveNoMoreTime) {
  ask();
  pass(5s);
  ask();
  pass(74s);
  EXPECT_EQ(::send(ends_.client, "\r\n", 2, MSG_NOSIGNAL), 2);
  pass(1s - 1ms);
  EXPECT_TRUE(is_open());
  pass(1ms);
  EXPECT_FALSE(is_open());
}

leash::Task<leash::Result<http::server::MaybeResponse>> read_body(http::server::Exchange& exchange) {
  const auto body = co_await exchange.read_whole_body();
  if (!body) co_return std::unexpected(body.error());
  co_return http::Response();
}

// Clients that send something and reset the connection. The worker's loop does not run before both have arrived.
class Resetting : public testing::Test {
 protected:
  Resetting() {
    server_.worker.adopt(http::server::UniqueFd(theirs_), AF_INET);
    server_.worker.loop().io().poll();  // it waits for the first request
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(ends_.client, bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
  }
  void send_and_reset(std::string_view bytes) {
    send(bytes);
    const linger at_once{1, 0};
    ::setsockopt(ends_.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(ends_.client, -1));
    pollfd state{theirs_, 0, 0};
    EXPECT_EQ(::poll(&state, 1, 10'000), 1);
    EXPECT_TRUE(state.revents & POLLERR);
  }
  // Everything that has arrived is read.
  void settle() {
    EXPECT_TRUE(step_until([this] {
      int unread = 1;
      (void)::ioctl(theirs_, FIONREAD, &unread);
      return unread == 0;
    }));
    server_.worker.loop().io().restart();
    server_.worker.loop().io().poll();
  }
  void receive_an_answer() {
    char answer[1000];
    EXPECT_TRUE(step_until([&] { return ::recv(ends_.client, answer, sizeof answer, MSG_DONTWAIT) > 0; }));
  }
  // No time passes, so no timeout ends it.
  bool ends() {
    return step_until([this] { return server_.worker.open.load() == 0; });
  }
  bool step_until(const std::function<bool()>& holds) {
    return support::step_until(server_.worker.loop().io(), server_.steps, holds);
  }

  leash::ManualClock clock_;
  support::InProcessServer server_{
      {{http::Method::post, "/body", "", "", read_body}}, {}, {.name = "worker", .clock = &clock_}};
  support::Connected ends_;
  int theirs_ = std::exchange(ends_.accepted, -1);
};

TEST_F(Resetting, AfterPartOfTheFirstHead) {
  send_and_reset("GET / HT");
  EXPECT_TRUE(ends());
}

TEST_F(Resetting, AfterTheSecondPieceOfAHead) {
  send("GET / HT");
  settle();
  send_and_reset("TP/1.1\r\nHost: ");
  EXPECT_TRUE(ends());
}

TEST_F(Resetting, AfterPartOfALaterHead) {
  send(request("/"));
  receive_an_answer();
  settle();
  send_and_reset("GET / HT");
  EXPECT_TRUE(ends());
}

TEST_F(Resetting, AfterPartOfAPipelinedHead) {
  send_and_reset(request("/") + "GET / HT");
  EXPECT_TRUE(ends());
}

TEST_F(Resetting, AfterAnEmptyLine) {
  send_and_reset("\r\n");
  EXPECT_TRUE(ends());
}

TEST_F(Resetting, AfterPartOfASizedBody) {
  send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  settle();
  send_and_reset("hel");
  EXPECT_TRUE(ends());
}

TEST_F(Resetting, AfterAHeadWithPartOfItsChunkedBody) {
  send_and_reset("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  EXPECT_TRUE(ends());
}

TEST_F(Resetting, AfterPartOfABodyThatWasRefused) {
  send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  receive_an_answer();
  settle();
  send_and_reset("hel");
  EXPECT_TRUE(ends());
}

// A client that continues an upload after it was refused. A reset must not destroy its answer.
class Lingering : public testing::Test {
 protected:
  Lingering() {
    send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    theirs_ = std::exchange(ends_.accepted, -1);
    server_.worker.adopt(http::server::UniqueFd(theirs_), AF_INET);
    std::string answer(1000, ' ');
    EXPECT_TRUE(
        step_until([&] { return ::recv(ends_.client, answer.data(), answer.size(), MSG_DONTWAIT) > 0; }));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(ends_.client, bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
  }
  void send_more() {
    send(std::string(10'000, 'x'));
    EXPECT_TRUE(step_until([&] {
      int under_way = 1;
      int unread = 1;
      (void)::ioctl(ends_.client, SIOCOUTQ, &under_way);
      (void)::ioctl(theirs_, FIONREAD, &unread);
      return under_way == 0 && unread == 0;
    }));
    pass(leash::Duration(0));  // it notes what it has read
  }
  void pass(leash::Duration time) {
    clock_.advance(time);
    server_.worker.loop().io().restart();
    server_.worker.loop().io().poll();
  }
  bool is_open() const { return server_.worker.open.load() == 1; }
  bool step_until(const std::function<bool()>& holds) {
    return support::step_until(server_.worker.loop().io(), server_.steps, holds);
  }

  leash::ManualClock clock_;
  support::InProcessServer server_{{}, {}, {.name = "worker", .clock = &clock_}};
  support::Connected ends_;
  int theirs_ = -1;
};

TEST_F(Lingering, GoesOnWhileTheClientSends) {
  for (int i = 0; i < 5; ++i) {
    pass(4s);
    ASSERT_TRUE(is_open()) << i;
    send_more();
  }
  pass(6s);
  EXPECT_FALSE(is_open()) << "it sends nothing";
}

TEST_F(Lingering, EndsAfterHalfAMinute) {
  for (int i = 0; i < 7; ++i) {
    pass(4s);
    send_more();
  }
  EXPECT_TRUE(is_open());
  pass(3s);
  EXPECT_FALSE(is_open());
}

TEST_F(Lingering, EndsWithTheClient) {
  ::close(std::exchange(ends_.client, -1));
  EXPECT_TRUE(step_until([&] { return !is_open(); }));
}

}  // namespace
