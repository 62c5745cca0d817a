// SPDX-License-Identifier: BSL-1.0
#pragma once
// A small HTTP server for tests. The test decides what it answers, or that it does not answer.
//
// What it is     run() serves on a free port of 127.0.0.1, on the test's own loop, until its context is done.
//                For each complete request (with AnswerWhen::head, for each complete head) Answer decides
//                what is sent and what happens then.
// Threads        the loop's.
// Lifetime       outlives run().
//
//   support::StubHttpServer server(loop, [](const support::StubRequest&) { return support::text("hello"); });
//   scope.go(server.run(scope.ctx()));
//   ... server.url("/path") ... server.requests() ...

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/message/limits.hpp"
#include "http/message/message.hpp"
#include "http/message/request_parser.hpp"
#include "http/message/target.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace support {

struct StubRequest {
  int connection = 0;     // the first one is 1
  int on_connection = 0;  // the number of the request on this connection, from 1
  std::string method = {};
  std::string target = {};
  http::Headers headers = {};
  std::string body = {};
};

enum class Then : std::uint8_t {
  keep,   // waits for the next request
  close,  // closes the connection
  reset,  // resets it
  hang,   // sends nothing more, and waits until the client disconnects
  deaf,   // sends and reads nothing more
};

enum class AnswerWhen : std::uint8_t { complete, head };

struct StubReply {
  std::string bytes = {};
  Then then = Then::keep;
  leash::Duration after = {};
  // Afterwards these, this many times, each after a pause.
  std::string more = {};
  int times = 1;
  leash::Duration pause = {};
};

inline StubReply text(std::string body, int status = 200) {
  StubReply reply;
  reply.bytes = "HTTP/1.1 " + std::to_string(status) +
                " Status\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  return reply;
}

class StubHttpServer {
 public:
  using Answer = std::function<StubReply(const StubRequest&)>;

  StubHttpServer(leash::Loop& loop, Answer answer, AnswerWhen when = AnswerWhen::complete)
      : answer_(std::move(answer)),
        when_(when),
        acceptor_(loop.io().get_executor(), asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  http::Url url(std::string target = "/") const {
    http::Url where;
    where.host = "127.0.0.1";
    where.port = acceptor_.local_endpoint().port();
    where.target = std::move(target);
    return where;
  }

  leash::Task<> run(leash::Context ctx) {
    leash::Scope connections(ctx);
    for (;;) {
      Socket socket(acceptor_.get_executor());
      const auto accepted = co_await acceptor_.async_accept(socket, leash::via(ctx));
      if (!accepted) break;
      connections.go(serve(connections.ctx(), std::move(socket), ++accepted_), "stub connection");
    }
    (void)co_await connections.join();
  }

  int connections() const noexcept { return accepted_; }  // ever accepted
  int open() const noexcept { return open_; }
  const std::vector<StubRequest>& requests() const noexcept { return requests_; }
  int replies() const noexcept { return replies_; }  // sent completely

 private:
  using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

  struct Counted {
    explicit Counted(int& n) noexcept : count(++n) {}
    ~Counted() { --count; }
    int& count;
  };

  leash::Task<> serve(leash::Context ctx, Socket socket, int number) {
    const Counted counted(open_);
    http::Limits limits;
    limits.body_bytes = std::uint64_t{64} * 1024 * 1024;
    http::RequestParser parser(limits);
    std::vector<char> buffer(std::size_t{64} * 1024);
    std::string unread;
    StubRequest request;
    request.connection = number;
    for (;;) {
      const http::ParseStep step = parser.feed(unread);
      if (step.event == http::ParseEvent::body) request.body += step.body;
      unread.erase(0, step.consumed);
      if (step.event == http::ParseEvent::error) co_return;
      if (step.event == http::ParseEvent::need_more) {
        const auto n = co_await socket.async_read_some(asio::buffer(buffer), leash::via(ctx));
        if (!n) co_return;
        unread.append(buffer.data(), *n);
      }
      const bool due = step.event == http::ParseEvent::head && when_ == AnswerWhen::head;
      if (due || (step.event == http::ParseEvent::complete && when_ == AnswerWhen::complete)) {
        note(request, parser);
        const StubReply reply = answer_(request);
        request.body.clear();
        const bool sent = co_await send(ctx, socket, reply);
        if (!sent) co_return;
        ++replies_;
        if (reply.then == Then::close) co_return;
        if (reply.then == Then::deaf) co_return co_await ctx.done();
        if (reply.then == Then::reset) {
          socket.set_option(asio::socket_base::linger(true, 0));
          socket.close();  // not in the destructor, because Asio's destructor resets the option first
          co_return;
        }
        while (reply.then == Then::hang) {
          const auto more = co_await socket.async_read_some(asio::buffer(buffer), leash::via(ctx));
          if (!more) co_return;
        }
      }
      if (step.event == http::ParseEvent::complete) parser.reset();
    }
  }

  void note(StubRequest& request, const http::RequestParser& parser) {
    ++request.on_connection;
    request.method = parser.request().method_name;
    request.target = parser.request().target;
    request.headers.clear();
    for (const auto& [name, value] : parser.request().headers) {
      request.headers.add(std::string(name), std::string(value));
    }
    requests_.push_back(request);
  }

  leash::Task<bool> send(leash::Context ctx, Socket& socket, const StubReply& reply) {
    const auto slept = co_await leash::sleep(ctx, reply.after);
    if (!slept) co_return false;
    auto sent = co_await asio::async_write(socket, asio::buffer(reply.bytes), leash::via(ctx));
    for (int i = 0; sent && !reply.more.empty() && i < reply.times; ++i) {
      const auto paused = co_await leash::sleep(ctx, reply.pause);
      if (!paused) co_return false;
      sent = co_await asio::async_write(socket, asio::buffer(reply.more), leash::via(ctx));
    }
    co_return sent.has_value();
  }

  Answer answer_;
  AnswerWhen when_;
  asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor_;
  int accepted_ = 0;
  int open_ = 0;
  int replies_ = 0;
  std::vector<StubRequest> requests_;
};

}  // namespace support
