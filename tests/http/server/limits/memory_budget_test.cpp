// SPDX-License-Identifier: BSL-1.0
#include "http/server/limits/memory_budget.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "http/server/worker.hpp"
#include "leash/sleep.hpp"
#include "tests/support/in_process_server.hpp"

namespace {

using namespace std::chrono_literals;
using http::server::Exchange;
using http::server::MaybeResponse;
using http::server::MemoryBudget;
using leash::Result;
using leash::Task;

TEST(MemoryBudget, CountsCharges) {
  MemoryBudget budget(100);
  std::optional<MemoryBudget::Charge> first(std::in_place, budget, 60);
  EXPECT_EQ(budget.in_use(), 60u);
  EXPECT_TRUE(budget.has_room_for(40));
  EXPECT_FALSE(budget.has_room_for(41));
  MemoryBudget::Charge second(budget);
  second.set(70);
  EXPECT_EQ(budget.in_use(), 130u) << "what exists is counted above the limit too";
  EXPECT_FALSE(budget.has_room_for(0));
  const MemoryBudget::Charge third = std::move(second);
  EXPECT_EQ(budget.in_use(), 130u);
  first.reset();
  EXPECT_EQ(budget.in_use(), 70u);
}

TEST(MemoryBudget, MayChangeItsLimit) {
  MemoryBudget budget(100);
  const MemoryBudget::Charge charge(budget, 60);
  budget.set_limit(50);
  EXPECT_FALSE(budget.has_room_for(1));
  budget.set_limit(200);
  EXPECT_TRUE(budget.has_room_for(140));
}

// --- in a server ---

constexpr std::size_t large = 8'000'000;  // more than both ends buffer

Task<Result<MaybeResponse>> large_body(Exchange&) {
  co_return http::Response{.status = 200, .body = std::string(large, 'x')};
}
Task<Result<MaybeResponse>> made_body(Exchange& exchange) {
  http::server::BodySource body{
      large, [](std::string& to, std::uint64_t, std::size_t count) { to.append(count, 'y'); }};
  exchange.made_body = std::move(body);
  co_return http::Response{.status = 200};
}
Task<Result<MaybeResponse>> whole_body(Exchange& exchange) {
  const Result<std::string> body = co_await exchange.read_whole_body(10);
  if (!body) co_return std::unexpected(body.error());
  co_return http::Response{.status = 200, .body = *body};
}
http::Response alive(Exchange&) { return http::Response{.status = 200, .body = "alive\n"}; }

std::vector<http::server::Route> routes() {
  return {support::task_route("/large", large_body),
          support::task_route("/made", made_body),
          {http::Method::post, "/whole", "", "", whole_body},
          {http::Method::get, "/alive", "", "", alive}};
}
std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
}

// A client that has sent a request, and reads on demand.
class Client {
 public:
  Client(support::InProcessServer& server, std::string_view request) : server_(server) {
    EXPECT_EQ(::send(ends_.client, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    server.worker.adopt(http::server::UniqueFd(std::exchange(ends_.accepted, -1)), AF_INET);
  }
  std::size_t read_some() const {
    char chunk[65536];
    const ssize_t n = ::recv(ends_.client, chunk, sizeof chunk, MSG_DONTWAIT);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  template <class Holds>
  bool step_until(Holds holds) {
    return support::step_until(server_.worker.loop().io(), server_.steps, holds);
  }

 private:
  support::InProcessServer& server_;
  support::Connected ends_;
};

TEST(MemoryBudget, CountsResponseUntilClientTakesIt) {
  support::InProcessServer server(routes());
  const auto in_use = [&] { return server.service.memory.in_use(); };
  Client client(server, get("/large"));
  EXPECT_TRUE(client.step_until([&] { return in_use() > large; }));
  EXPECT_EQ(server.worker.metrics().in_flight.get(), 1u) << "until its answer has gone";
  std::size_t got = 0;
  EXPECT_TRUE(client.step_until([&] {
    got += client.read_some();
    return got > large && server.worker.open.load() == 0;
  }));
  EXPECT_EQ(in_use(), 0u);
  server.expect_nothing_left();
}

TEST(MemoryBudget, StreamedBodyCountsLittle) {
  support::InProcessServer server(routes());
  std::uint64_t most = 0;
  std::size_t got = 0;
  {
    Client client(server, get("/made"));
    EXPECT_TRUE(client.step_until([&] {
      most = std::max(most, server.service.memory.in_use());
      got += client.read_some();
      return got > large && server.worker.open.load() == 0;
    }));
  }
  EXPECT_LT(most, 300'000u);
  EXPECT_LT(got, large + 1000);
  server.expect_nothing_left();
}

TEST(MemoryBudget, RefusesRequestsWhileExhausted) {
  support::InProcessServer server(routes());
  const std::optional<MemoryBudget::Charge> held(std::in_place, server.service.memory, MemoryBudget::usual);
  const std::string refused = server.ask(get("/made"));
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_NE(refused.find("\r\nRetry-After: 1\r\n"), std::string::npos) << refused;
  EXPECT_NE(refused.find("\"cause\":\"memory\""), std::string::npos) << refused;
  EXPECT_TRUE(server.ask(get("/alive")).starts_with("HTTP/1.1 200 ")) << "what does not wait holds nothing";
}

TEST(MemoryBudget, RefusedBodyCountsNothing) {
  support::InProcessServer server(routes());
  const auto post = [&](std::string_view framing, std::string_view body) {
    return server.ask("POST /whole HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + std::string(framing) +
                      "\r\n\r\n" + std::string(body));
  };
  EXPECT_TRUE(post("Content-Length: 10", "0123456789").ends_with("0123456789"));
  EXPECT_TRUE(post("Content-Length: 11", "").starts_with("HTTP/1.1 413 ")) << "it is not waited for";
  const std::string chunked = post("Transfer-Encoding: chunked", "6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413 ")) << chunked;
  server.expect_nothing_left();
}

}  // namespace
