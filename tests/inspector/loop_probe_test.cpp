// SPDX-License-Identifier: BSL-1.0
#include "inspector/loop_probe.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <semaphore>
#include <thread>

#include "http/server/worker.hpp"
#include "leash/go.hpp"
#include "leash/inspector.hpp"
#include "leash/loops.hpp"
#include "tests/support/server_process.hpp"

namespace {

// Two loops of a program, and an inspector.
class BlockedLoop : public testing::Test {
 protected:
  BlockedLoop() {
    for (int i = 0; i < 2; ++i) {
      workers.push_back(std::make_unique<http::server::Worker>(
          service, leash::LoopOptions{.name = fmt::format("worker {}", i)}));
      workers.back()->start();
    }
  }
  ~BlockedLoop() override {
    inspector.reset();
    for (const auto& worker : workers) worker->stop_and_join();
  }

  std::string ask(const std::string& method, const std::string& target) const {
    support::RawClient client(port);
    client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.receive_reply().body;
  }

  http::server::Service service{{}};
  http::server::Workers workers;
  std::mutex mutex;
  std::string log;
  bool logged(std::string_view part) {
    const std::lock_guard lock(mutex);
    return log.find(part) != std::string::npos;
  }
  std::optional<leash::Inspector> inspector = *leash::Inspector::start({.log = [this](std::string_view line) {
    const std::lock_guard lock(mutex);
    (log += line) += '\n';
  }});
  std::uint16_t port =
      static_cast<std::uint16_t>(std::stoi(inspector->url().substr(inspector->url().rfind(':') + 1)));
};

// A closing loop runs the posted functions.
TEST(LoopProbes, MayGoBeforeALoopHasAnswered) {
  asio::io_context stopped;
  leash::Loop silent(stopped, {.name = "never run"});
  {
    asio::io_context io;
    leash::Loop loop(io);
    leash::leave_out(loop);
    inspector::LoopProbes probes([](auto...) {});
    leash::Cancelable probing = leash::with_cancel(loop.background());
    leash::go(probing.ctx, probes.run(probing.ctx), "loop probe");
    io.poll();
    EXPECT_EQ(leash::live_tasks(loop), 1u);
    EXPECT_EQ(probes.lags().size(), 1u);
    probing.cancel();
    io.poll();
    EXPECT_EQ(leash::live_tasks(loop), 0u);
  }
  EXPECT_EQ(stopped.poll(), 1u) << "it answers now";
}

// A task that blocks its loop: in a system call, in a lock, or by computing.
leash::Task<> keep_the_loop(const std::function<void()>& block) {
  block();
  co_return;
}

// ThreadSanitizer delays a signal until the thread calls a function that it knows to block.
#if defined(__has_feature)
#  if __has_feature(thread_sanitizer)
#    define LEASH_SIGNALS_COME_LATE
#  endif
#endif

TEST_F(BlockedLoop, IsLoggedOnceWithItsTaskAndStack) {
  std::mutex locked;
  std::atomic<bool> over{false};
  const std::pair<const char*, std::function<void()>> ways[] = {
      {"sleeps",
       [&] {
         while (!over) std::this_thread::sleep_for(std::chrono::milliseconds(900));
       }},
      {"locks", [&] { const std::lock_guard waits(locked); }},
      {"spins", [&] {
         while (!over) {
         }
       }}};
  int stalls = 0;
  for (const auto& [name, block] : ways) {
    over = false;
    locked.lock();
    workers[1]->post([&, &block = block, name = name] {
      leash::go(workers[1]->loop().background(), keep_the_loop(block), name);
    });
    const std::string task = std::string(" ") + name + "\" site=tests/inspector/loop_probe_test.cpp:";
    EXPECT_TRUE(support::eventually([&] { return logged(task); })) << log;
    const auto history = nlohmann::json::parse(ask("GET", "/debug/history"));
    const auto sentence = history["stalls"].at(0).get<std::string>();
    EXPECT_NE(sentence.find(name), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("co_await in keep_the_loop tests/inspector/loop_probe_test.cpp:"),
              std::string::npos)
        << sentence;
    over = true;
    locked.unlock();
    ++stalls;
    EXPECT_TRUE(support::eventually([&] {
      const std::lock_guard lock(mutex);
      std::size_t ended = 0;
      for (std::size_t at = 0; (at = log.find("a loop answers again", at)) != std::string::npos; ++at)
        ++ended;
      return ended == static_cast<std::size_t>(stalls);
    })) << log;
  }
  std::size_t begun = 0;
  for (std::size_t at = 0; (at = log.find("a loop does not answer", at)) != std::string::npos; ++at) ++begun;
  EXPECT_EQ(begun, 3u) << log;
  EXPECT_NE(log.find("chain=\"keep_the_loop tests/inspector/loop_probe_test.cpp:"), std::string::npos) << log;
#if !defined(LEASH_SIGNALS_COME_LATE)
  EXPECT_NE(log.find("inspector_test+0x"), std::string::npos) << log;
#endif
  const std::string metrics = ask("GET", "/metrics");
  const std::string counted = "leash_loop_stalls_total{site=\"tests/inspector/loop_probe_test.cpp:";
  const std::size_t at = metrics.find(counted);
  ASSERT_NE(at, std::string::npos) << metrics;
  EXPECT_EQ(metrics.substr(metrics.find("} ", at), 4), "} 3\n");
}

TEST_F(BlockedLoop, IsNamedAndTheOthersAnswer) {
  std::binary_semaphore blocked(0);
  std::binary_semaphore release(0);
  workers[1]->post([&] {
    blocked.release();
    release.acquire();
  });
  blocked.acquire();

  const auto dump = nlohmann::json::parse(ask("GET", "/debug/tasks"));
  EXPECT_EQ(dump["unresponsive"], nlohmann::json::array({"worker 1"}));
  EXPECT_TRUE(support::eventually([&] {
    return nlohmann::json::parse(ask("GET", "/debug/history"))["stuck_loops"] ==
           nlohmann::json::array({"worker 1"});
  }));
  EXPECT_TRUE(support::eventually([&] {
    return logged("level=warn event=\"a loop does not answer\" loop=\"worker 1\" lag_seconds=");
  })) << log;
  const std::string text = ask("GET", "/debug/leaks?format=text");
  EXPECT_NE(text.find("loop \"worker 1\" does not answer\n"), std::string::npos) << text;
  EXPECT_EQ(nlohmann::json::parse(ask("POST", "/debug/reap"))["unresponsive"],
            nlohmann::json::array({"worker 1"}));

  // A scrape asks no loop.
  const std::string metrics = ask("GET", "/metrics");
  const auto lag = [&](const std::string& loop) {
    const std::string name = "leash_loop_lag_seconds{loop=\"" + loop + "\"} ";
    const std::size_t at = metrics.find(name);
    return at == std::string::npos ? -1 : std::stod(metrics.substr(at + name.size()));
  };
  EXPECT_GE(lag("worker 1"), 1.0);
  EXPECT_GE(lag("worker 0"), 0.0);

  release.release();
  EXPECT_TRUE(support::eventually([&] { return logged("event=\"a loop answers again\""); }));
  EXPECT_TRUE(nlohmann::json::parse(ask("GET", "/debug/history"))["stuck_loops"].empty());
  EXPECT_FALSE(logged("worker 0")) << log;
  EXPECT_TRUE(nlohmann::json::parse(ask("GET", "/debug/tasks"))["unresponsive"].empty());
  const std::string since = "/debug/tasks?since=" + std::to_string(dump["id"].get<int>());
  EXPECT_EQ(nlohmann::json::parse(ask("GET", since))["unresponsive_before"],
            nlohmann::json::array({"worker 1"}));
  const std::string changes = ask("GET", since + "&format=text");
  EXPECT_NE(changes.find("loop \"worker 1\" did not answer for the earlier dump"), std::string::npos)
      << changes;
}

}  // namespace
