// SPDX-License-Identifier: BSL-1.0
#pragma once
// A worker of the server in the test's own process, with routes of the test.
//
// What it is     one loop that the test runs step by step, and clients that are connected to it. For cases
//                that the real binary cannot show, such as a handler that throws.
// Threads        the test's.
//
//   support::InProcessServer server({route});
//   auto reply = server.ask("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n");

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server/service.hpp"
#include "http/server/worker.hpp"
#include "leash/dump.hpp"
#include "server/log.hpp"
#include "server/mode.hpp"
#include "server/patterns/pattern.hpp"
#include "tests/support/connected.hpp"
#include "tests/support/every_step.hpp"

namespace support {

class InProcessServer {
 public:
  explicit InProcessServer(std::vector<http::server::Route> routes, http::server::Settings settings = {},
                           leash::LoopOptions loop = {.name = "worker"})
      : service(std::move(routes), std::move(settings)), worker(prepared(service), std::move(loop)) {
    worker.keep(patterns);
  }

  // Sends these bytes on a new connection, and returns everything until the server closes it.
  std::string ask(std::string_view bytes) {
    Connected ends;
    EXPECT_EQ(::send(ends.client, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    worker.adopt(http::server::UniqueFd(std::exchange(ends.accepted, -1)), AF_INET);
    std::string answer;
    const auto ended = [&] {
      receive(ends.client, answer);
      return ends.client < 0 && worker.open.load() == 0;
    };
    EXPECT_TRUE(step_until(worker.loop().io(), steps, ended)) << to_text(leash::take_dump(worker.loop()));
    return answer;
  }

  void expect_nothing_left() const {
    EXPECT_EQ(leash::live_tasks(worker.loop()), 0u) << to_text(leash::take_dump(worker.loop()));
    const auto& metrics = *worker.loop().metrics();
    EXPECT_EQ(metrics.timers_armed.get(), 0u);
    EXPECT_LE(metrics.contexts_live.get() + metrics.contexts_held.get(), 1u) << "only the worker's own";
    EXPECT_EQ(worker.metrics().in_flight.get(), 0u);
    EXPECT_EQ(worker.metrics().connections.get(), 0u);
    EXPECT_EQ(worker.open.load(), 0);
  }

  std::shared_ptr<server::PatternState> patterns = std::make_shared<server::PatternState>();
  http::server::Service service;
  http::server::Worker worker;
  int steps = 0;

 private:
  // As leash-server does it.
  static http::server::Service& prepared(http::server::Service& service) {
    server::label_by_mode(service, server::Mode::fixed);
    service.log = server::log_event;
    return service;
  }

  // Returns what has arrived; closes after the server has closed.
  static void receive(int& fd, std::string& bytes) {
    char chunk[4096];
    while (fd >= 0) {
      const ssize_t n = ::recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
      if (n > 0) bytes.append(chunk, static_cast<std::size_t>(n));
      if (n == 0 || (n < 0 && errno != EAGAIN)) ::close(std::exchange(fd, -1));
      if (n < 0) return;
    }
  }
};

inline http::server::Route task_route(std::string path, http::server::AsTask task) {
  return {http::Method::get, std::move(path), "", "", std::move(task)};
}

}  // namespace support
