// SPDX-License-Identifier: BSL-1.0
#include "leash/inspector.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "tests/support/server_process.hpp"

namespace {

using leash::Inspector;
using support::HttpReply;
using support::RawClient;

std::uint16_t port_of(const Inspector& inspector) {
  const std::string& url = inspector.url();
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

HttpReply ask(const Inspector& inspector, const std::string& line, const std::string& fields = {},
              const std::string& body = {}) {
  RawClient client(port_of(inspector));
  client.send(line + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n" + fields + "\r\n" + body);
  return client.receive_reply();
}

// A program with one task that waits, on a loop of its own thread.
class Waiting {
 public:
  explicit Waiting(const std::string& name) : loop_(io_, {.name = name}) {
    leash::go(stop_.ctx, wait(stop_.ctx, never_), "waiter");
    thread_ = std::thread([this] { (void)loop_.run(); });
  }
  ~Waiting() {
    stop_from_elsewhere_(leash::errc::canceled);
    thread_.join();
  }

 private:
  static leash::Task<> wait(leash::Context ctx, leash::Channel<int> never) {
    (void)co_await never.receive(ctx);
  }

  asio::io_context io_{1};
  leash::Loop loop_;
  leash::Channel<int> never_;
  leash::Cancelable stop_ = leash::with_cancel(loop_.background());
  leash::RemoteCancel stop_from_elsewhere_ = stop_.cancel.remote();
  std::thread thread_;
};

TEST(Inspector, SeesEveryLoopOfTheProcessButItsOwn) {
  const auto inspector = Inspector::start();
  ASSERT_TRUE(inspector) << inspector.error();
  const Waiting one("one");
  const Waiting other("other");
  const auto dump = nlohmann::json::parse(ask(*inspector, "GET /debug/tasks?full=1").body);
  std::vector<std::string> loops;
  for (const auto& task : dump["tasks"]) loops.push_back(task["example"]["loop"]);
  std::ranges::sort(loops);
  EXPECT_EQ(loops, (std::vector<std::string>{"one", "other"})) << dump.dump(2);
  EXPECT_NE(ask(*inspector, "GET /metrics").body.find("tests/inspector/inspector_test.cpp:"),
            std::string::npos);
}

TEST(Inspector, ForgetsDestroyedLoop) {
  const auto inspector = Inspector::start();
  ASSERT_TRUE(inspector) << inspector.error();
  { const Waiting gone("gone"); }
  const auto dump = nlohmann::json::parse(ask(*inspector, "GET /debug/tasks").body);
  EXPECT_EQ(dump["live"], 0);
  EXPECT_TRUE(dump["unresponsive"].empty());
}

TEST(Inspector, AnswersRoutesAddedByProgram) {
  leash::InspectorOptions options;
  options.routes.push_back(
      {"PUT", "/level", "sets the level", [](const leash::InspectorRequest& request) {
         EXPECT_EQ(request.parameters.at(0), (std::pair<std::string, std::string>("of", "all loops")));
         return leash::InspectorResponse{.status = 202, .body = request.method + " " + request.body};
       }});
  options.routes.push_back({"GET", "/throws", "", [](const auto&) -> leash::InspectorResponse {
                              throw std::runtime_error("on fire");
                            }});
  std::string log;
  options.log = [&log](std::string_view line) { log += line; };
  auto inspector = Inspector::start(std::move(options));
  ASSERT_TRUE(inspector) << inspector.error();
  const HttpReply reply = ask(*inspector, "PUT /level?of=all+loops", {}, "high");
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.body, "PUT high");
  EXPECT_EQ(ask(*inspector, "GET /throws").status, 500);
  EXPECT_NE(ask(*inspector, "GET /").body.find(R"({"route":"PUT /level","what":"sets the level"})"),
            std::string::npos);
  inspector = Inspector::start();
  EXPECT_NE(log.find("what=\"on fire\""), std::string::npos) << log;
}

TEST(Inspector, PageHasProgramNameOnly) {
  const auto inspector = Inspector::start({.name = "a<b"});
  ASSERT_TRUE(inspector) << inspector.error();
  const std::string page = ask(*inspector, "GET /", "Accept: text/html\r\n").body;
  EXPECT_NE(page.find("<title>a&lt;b</title>"), std::string::npos);
  EXPECT_EQ(page.find("{{"), std::string::npos);
  EXPECT_EQ(page.find("mode"), std::string::npos) << "that is leash-server's";
}

TEST(Inspector, WantsItsToken) {
  const auto inspector = Inspector::start({.token = "s3cret"});
  ASSERT_TRUE(inspector) << inspector.error();
  EXPECT_EQ(ask(*inspector, "GET /metrics").status, 401);
  EXPECT_EQ(ask(*inspector, "GET /metrics", "Authorization: Bearer s3cret\r\n").status, 200);
}

TEST(Inspector, ReportsFailedStartInOneLine) {
  const auto first = Inspector::start();
  ASSERT_TRUE(first) << first.error();
  const auto nothing = [](const auto&) { return leash::InspectorResponse{}; };
  std::vector<leash::InspectorOptions> wrong;
  for (const std::string& where :
       {first->url().substr(7), std::string("127.0.0.1"), std::string("8081"), std::string("127.0.0.1:x"),
        std::string("127.0.0.1:99999"), std::string("nowhere:1"), std::string("unix:"),
        std::string("unix:/no/such/folder/socket"), "unix:" + std::string(200, 'x')}) {
    wrong.emplace_back().listen = where;
  }
  wrong.emplace_back().routes.push_back({"FETCH", "/a", "", nothing});
  wrong.emplace_back().routes.push_back({"GET", "a", "", nothing});
  wrong.emplace_back().routes.push_back({"GET", "/a", "", {}});
  for (const leash::InspectorOptions& options : wrong) {
    const auto second = Inspector::start(options);
    ASSERT_FALSE(second) << options.listen;
    EXPECT_FALSE(second.error().empty());
    EXPECT_EQ(second.error().find('\n'), std::string::npos) << second.error();
  }
}

class UnixInspector : public testing::Test {
 protected:
  const std::string path = testing::TempDir() + "inspector." + std::to_string(::getpid()) + ".sock";

  std::string ask_unix(const std::string& bytes) const {
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    std::string answer;
    char chunk[4096];
    for (ssize_t n = 0; (n = ::recv(client, chunk, sizeof chunk, 0)) > 0;) {
      answer.append(chunk, static_cast<std::size_t>(n));
    }
    ::close(client);
    return answer;
  }
};

TEST_F(UnixInspector, ListensOnFileReservedForItsUser) {
  {
    const auto inspector = Inspector::start({.listen = "unix:" + path});
    ASSERT_TRUE(inspector) << inspector.error();
    EXPECT_EQ(inspector->url(), "unix:" + path);
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    const std::string answer =
        ask_unix("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_FALSE(Inspector::start({.listen = "unix:" + path})) << "it is in use";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixInspector, ReplacesOnlyAbandonedSocketFile) {
  {
    asio::io_context io;
    const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(left);
  }
  EXPECT_TRUE(Inspector::start({.listen = "unix:" + path}));
  std::ofstream(path) << "a file of somebody's";
  EXPECT_FALSE(Inspector::start({.listen = "unix:" + path}));
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove(path);
}

}  // namespace
