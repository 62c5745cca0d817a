// SPDX-License-Identifier: BSL-1.0
#include "client/command/watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <string>

#include "tests/support/loop_fixture.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/stub_http_server.hpp"

namespace {

using namespace std::chrono_literals;
using support::Finished;

TEST(Watch, TimeHasDateIfItIsNotToday) {
  ::setenv("TZ", "UTC", 1);
  EXPECT_EQ(client::time_of_day(11'520, 80'000), "03:12:00");
  EXPECT_EQ(client::time_of_day(11'520, 90'000), "1970-01-01 03:12:00");
  ::unsetenv("TZ");
}

// leash-client and an inspector whose answers the test decides.
class WatchTest : public leash::testing::LoopFixture {
 protected:
  Finished leash_client(const std::string& arguments, const std::string& rest = "") {
    leash::Cancelable serving = leash::with_cancel(root());
    leash::go(serving.ctx, inspector.run(serving.ctx));
    auto running = std::async(std::launch::async, [&] {
      return support::run_command(
          {"/bin/sh", "-c",
           "TZ=UTC " LEASH_CLIENT_BINARY " " + arguments + " --admin " + inspector.url("").origin() + rest});
    });
    EXPECT_TRUE(eventually([&] { return running.wait_for(0s) == std::future_status::ready; }));
    serving.cancel();
    EXPECT_TRUE(eventually([&] { return leash::live_tasks(loop) == 0; }));
    return running.get();
  }

  int answers = 0;
  std::string started;  // of the process that answers
  std::function<std::string(const std::string&)> answer;
  support::StubHttpServer inspector{loop, [this](const support::StubRequest& request) {
                                      ++answers;
                                      auto reply = support::text(answer(request.target));
                                      const std::size_t head = reply.bytes.find("\r\n");
                                      reply.bytes.insert(head, "\r\nX-Process-Start-Time: " + started);
                                      return reply;
                                    }};
};

TEST_F(WatchTest, SaysSinceWhenAnotherProcessAnswers) {
  answer = [this](const std::string& target) {
    started = answers == 1 ? "1000.5" : "11520.25";
    return std::string(target.starts_with("/debug/tasks") ? R"({"tasks":[],"live":7})" : "");
  };
  for (const std::string command : {"tasks", "contexts", "coroutines", "tree"}) {
    answers = 0;
    const Finished watched = leash_client(command + " --watch 100ms", " | head -n 7");
    EXPECT_TRUE(watched.out.contains(" another process since 1970-01-01 03:12:00\n"))
        << command << watched.out;
    EXPECT_EQ(watched.out.find("another"), watched.out.rfind("another")) << command << watched.out;
  }
}

TEST_F(WatchTest, KnowsNoOtherProcessWithoutItsStart) {
  client::AnsweringProcess process;
  EXPECT_EQ(process.another_since(0), "");
  EXPECT_EQ(process.another_since(1000.5), "") << "the first that tells";
  EXPECT_EQ(process.another_since(0), "");
  EXPECT_EQ(process.another_since(1000.5), "");
  EXPECT_NE(process.another_since(1000.75), "");
  EXPECT_EQ(process.another_since(1000.75), "");
}

TEST_F(WatchTest, RepeatsPageAsTextAndJson) {
  answer = [](const std::string& target) {
    return target.ends_with("json") ? R"({"loops": []})" : std::string("loop \"one\"\n");
  };
  for (const std::string command : {"contexts", "coroutines", "tree"}) {
    const Finished text = leash_client(command + " --watch 100ms", " | head -n 6");
    EXPECT_EQ(text.err, "");
    EXPECT_EQ(std::ranges::count(text.out, '\n'), 6) << text.out;
    EXPECT_TRUE(text.out.ends_with("\nloop \"one\"\n\n")) << text.out;
    const Finished json = leash_client(command + " --watch 100ms --json", " | head -n 2");
    EXPECT_EQ(json.out, "{\"loops\":[]}\n{\"loops\":[]}\n");
  }
}

TEST_F(WatchTest, PageFailsOnLeaksThatItShows) {
  std::string tasks = R"({"tasks":[],"loops":[]})";
  std::string contexts = R"({"contexts":[{"outlived":2}]})";
  std::string coroutines = R"({"matched":0})";
  answer = [&](const std::string& target) {
    if (target.starts_with("/debug/contexts")) return contexts;
    return target.starts_with("/debug/coroutines") ? coroutines : tasks;
  };
  const auto expect_leak = [&](const std::string& command, const std::string& says) {
    const Finished failed = leash_client(command + " --fail --json");
    EXPECT_EQ(failed.status, 3) << command;
    EXPECT_EQ(failed.err, "leash-client: " + says + "\n");
    EXPECT_EQ(leash_client(command + " --json").status, 0) << command;
  };
  expect_leak("contexts", "2 contexts outlived");
  expect_leak("tree", "2 contexts outlived");
  EXPECT_EQ(leash_client("coroutines --fail --json").status, 0);
  contexts = R"({"contexts":[]})";
  EXPECT_EQ(leash_client("contexts --fail --json").status, 0);
  EXPECT_EQ(leash_client("tree --fail --json").status, 0);
  coroutines = R"({"matched":1})";
  tasks = R"({"tasks":[{"state":"leaked","count":3}]})";
  EXPECT_EQ(leash_client("contexts --fail --json").status, 0);
  expect_leak("coroutines", "1 coroutine leaked");
  expect_leak("tree", "3 tasks leaked, 1 coroutine leaked");
}

TEST_F(WatchTest, WithoutTasksNamesCommandForCoroutines) {
  answer = [](const std::string& target) {
    return target.starts_with("/debug/tasks") ? R"({"tasks":[],"live":0})"
                                              : R"({"live":3,"matched":3,"coroutines":[]})";
  };
  EXPECT_EQ(leash_client("tasks").out,
            "0 tasks live, 0 leaked\n3 coroutines live; list them with leash-client coroutines\n");
  answer = [](const std::string& target) {
    return target.starts_with("/debug/tasks") ? R"({"tasks":[],"live":0})" : "not found";
  };
  EXPECT_EQ(leash_client("tasks").out, "0 tasks live, 0 leaked\n");
  answer = [](const std::string&) { return R"({"tasks":[{"count":1}],"live":1})"; };
  answers = 0;
  EXPECT_TRUE(leash_client("tasks").out.ends_with("1 task live, 0 leaked\n"));
  EXPECT_EQ(answers, 1) << "no request for coroutines";
}

}  // namespace
