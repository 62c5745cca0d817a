// SPDX-License-Identifier: BSL-1.0
#include "server/signals.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/server_process.hpp"

namespace {

using support::RawClient;
using support::ServerProcess;

constexpr const char* slow = "GET /backend?latency=50s HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Signals, HangupDrains) {
  ServerProcess server;
  server.signal(SIGHUP);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_NE(server.log().find("event=draining signal=1"), std::string::npos);
}

TEST(Signals, SecondEndsServerAtOnce) {
  ServerProcess server({"--request-timeout", "60s", "--drain-timeout", "60s"});
  RawClient client(server.port());
  client.send(slow);
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  server.signal(SIGTERM);
  EXPECT_TRUE(support::eventually([&] { return server.log().find("event=draining") != std::string::npos; }));
  server.signal(SIGINT);
  EXPECT_EQ(server.wait(), 128 + SIGINT);
}

// A server that logs at every level into a pipe that is not read.
class Unread {
 public:
  explicit Unread(std::vector<std::string> options = {}) {
    std::vector<std::string> command{
        LEASH_SERVER_BINARY, "--port", "0", "--admin-port", "0", "--log-level", "debug", "--threads", "1"};
    command.insert(command.end(), options.begin(), options.end());
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<int, 2> out{};
    std::array<int, 2> log{};
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(log.data(), O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(log[1], STDERR_FILENO);
      ::execv(LEASH_SERVER_BINARY, argv.data());
      ::_exit(127);
    }
    ::close(out[1]);
    ::close(log[1]);
    unread_ = log[0];
    std::string line;
    for (char c = 0; c != '\n' && ::read(out[0], &c, 1) == 1;) line += c;
    ::close(out[0]);
    const std::string key = "public=http://127.0.0.1:";
    port_ = static_cast<std::uint16_t>(std::strtoul(line.c_str() + line.find(key) + key.size(), nullptr, 10));
  }
  ~Unread() {
    ::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
    ::close(unread_);
  }
  std::uint16_t port() const { return port_; }
  void signal(int number) const { ::kill(pid_, number); }
  int wait() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int unread_ = -1;
  std::uint16_t port_ = 0;
};

// More lines than a pipe and the buffer of the log hold.
void serve_many(std::uint16_t port) {
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "GET /healthz?" + std::string(200, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient client(port);
  for (int i = 0; i < 40; ++i) {
    client.send(many);
    for (int j = 0; j < 100; ++j) ASSERT_EQ(client.receive_reply().status, 200) << i << " " << j;
  }
}

TEST(Signals, FirstDrainsServerWithUnreadLog) {
  const Unread server({"--mode", "leaky"});
  serve_many(server.port());
  RawClient client(server.port());
  client.send("GET /demo?pattern=receive&latency=0 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive_reply().status, 200);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 3) << "it leaves a task behind";
}

TEST(Signals, SecondEndsServerWithUnreadLog) {
  const Unread server({"--request-timeout", "60s", "--drain-delay", "60s"});
  serve_many(server.port());
  RawClient client(server.port());
  client.send(slow);
  server.signal(SIGTERM);
  RawClient asking(server.port());
  EXPECT_TRUE(support::eventually([&] {
    asking.send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    return asking.receive_reply().status == 503 || asking.at_end();
  })) << "it drains";
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 128 + SIGTERM);
}

}  // namespace
