#pragma once
// A small HTTP server for tests: it answers with any bytes, or not at all, as the test says.
//
// What it is     run() serves on a free port of 127.0.0.1, on the test's own loop, until its context is done.
//                For each request that has arrived completely, Answer says what is sent and what happens
//                then.
// Threads        the loop's.
// Lifetime       outlives run().
//
//   support::StubHttpServer server(loop, [](const support::StubRequest&) { return support::text("hello"); });
//   scope.go(server.run(scope.ctx()));
//   ... server.url("/path") ... server.requests() ...

#include <array>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/message.hpp"
#include "http/request_parser.hpp"
#include "http/target.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace support {

struct StubRequest {
  int connection = 0;     // the first one is 1
  int on_connection = 0;  // its how manieth request, from 1 on
  std::string method = {};
  std::string target = {};
  http::Headers headers = {};
  std::string body = {};
};

enum class Then : std::uint8_t {
  keep,   // waits for the next request
  close,  // closes the connection
  reset,  // resets it
  hang,   // says nothing more, and waits for the client to leave
};

struct StubReply {
  std::string bytes = {};
  Then then = Then::keep;
  leash::Duration after = {};
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

  StubHttpServer(leash::Loop& loop, Answer answer)
      : answer_(std::move(answer)),
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

 private:
  using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

  struct Counted {
    explicit Counted(int& n) noexcept : count(++n) {}
    ~Counted() { --count; }
    int& count;
  };

  leash::Task<> serve(leash::Context ctx, Socket socket, int number) {
    const Counted counted(open_);
    http::RequestParser parser;
    std::array<char, 4096> buffer;
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
      if (step.event != http::ParseEvent::complete) continue;

      ++request.on_connection;
      request.method = parser.request().method_name;
      request.target = parser.request().target;
      request.headers.clear();
      for (const auto& [name, value] : parser.request().headers) {
        request.headers.add(std::string(name), std::string(value));
      }
      requests_.push_back(request);
      const StubReply reply = answer_(request);
      request.body.clear();
      parser.reset();

      const auto slept = co_await leash::sleep(ctx, reply.after);
      if (!slept) co_return;
      const auto sent = co_await asio::async_write(socket, asio::buffer(reply.bytes), leash::via(ctx));
      if (!sent || reply.then == Then::close) co_return;
      if (reply.then == Then::reset) {
        socket.set_option(asio::socket_base::linger(true, 0));
        socket.close();  // not left to the destructor: Asio's undoes the option first
        co_return;
      }
      if (reply.then == Then::hang) {
        for (;;) {
          const auto more = co_await socket.async_read_some(asio::buffer(buffer), leash::via(ctx));
          if (!more) co_return;
        }
      }
    }
  }

  Answer answer_;
  asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor_;
  int accepted_ = 0;
  int open_ = 0;
  std::vector<StubRequest> requests_;
};

}  // namespace support
