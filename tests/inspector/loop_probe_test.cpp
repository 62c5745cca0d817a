// SPDX-License-Identifier: BSL-1.0
#include "inspector/loop_probe.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <semaphore>

#include "leash/go.hpp"
#include "server/mode_route.hpp"
#include "inspector/debug.hpp"
#include "inspector/live_page.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/in_process_server.hpp"

namespace {

// Two loops that serve, and an admin listener's that looks at them.
class BlockedLoop : public testing::Test {
 protected:
  BlockedLoop() {
    for (unsigned i = 0; i < 2; ++i) {
      workers.push_back(
          std::make_unique<server::Worker>(shared, nothing, "worker " + std::to_string(i), i, 2));
      workers.back()->start();
    }
    probes.emplace(workers);
    debug.emplace(workers);
    live_page.emplace(shared, workers, *probes);
    admin.emplace(server::admin_routes(shared, workers, *probes, *debug, *live_page));
    probing.emplace(leash::with_cancel(admin->worker.loop().background()));
    leash::go(probing->ctx, probes->run(probing->ctx), "loop probe");
  }
  ~BlockedLoop() override {
    probing.reset();
    EXPECT_TRUE(support::step_until(admin->worker.loop().io(), admin->steps,
                                    [&] { return leash::live_tasks(admin->worker.loop()) == 0; }));
    for (const auto& worker : workers) worker->stop_and_join();
  }

  std::string ask(const std::string& method, const std::string& target) {
    const std::string answer =
        admin->ask(method + " " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return answer.substr(std::min(answer.size(), answer.find("\r\n\r\n") + 4));
  }

  support::CapturedLog log;
  server::Shared shared{server::Options()};
  server::Router nothing{{}};
  server::Workers workers;
  std::optional<server::LoopProbes> probes;
  std::optional<server::DebugRoutes> debug;
  std::optional<server::LivePage> live_page;
  std::optional<support::InProcessServer> admin;
  std::optional<leash::Cancelable> probing;
};

// A loop that closes runs what was posted to it, and the server's loops close last.
TEST(LoopProbes, MayGoBeforeALoopHasAnswered) {
  server::Shared shared{server::Options()};
  server::Router nothing{{}};
  server::Workers workers;
  workers.push_back(std::make_unique<server::Worker>(shared, nothing, "never started", 0u, 1u));
  {
    asio::io_context io;
    leash::Loop loop(io);
    server::LoopProbes probes(workers);
    leash::Cancelable probing = leash::with_cancel(loop.background());
    leash::go(probing.ctx, probes.run(probing.ctx), "loop probe");
    io.poll();
    EXPECT_EQ(leash::live_tasks(loop), 1u);
    probing.cancel();
    io.poll();
    EXPECT_EQ(leash::live_tasks(loop), 0u);
  }
  EXPECT_EQ(workers.front()->loop().io().poll(), 1u) << "it answers now";
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
  EXPECT_EQ(probes->unresponsive(), std::vector<std::string>{"worker 1"}) << "a second has gone by";
  EXPECT_TRUE(support::step_until(admin->worker.loop().io(), admin->steps, [&] {
    return log.has("level=warn event=\"a loop does not answer\" loop=\"worker 1\" lag_seconds=");
  })) << log.text();
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
  EXPECT_TRUE(support::step_until(admin->worker.loop().io(), admin->steps,
                                  [&] { return log.has("event=\"a loop answers again\""); }));
  EXPECT_TRUE(probes->unresponsive().empty());
  EXPECT_FALSE(log.has("worker 0")) << log.text();
  EXPECT_TRUE(nlohmann::json::parse(ask("GET", "/debug/tasks"))["unresponsive"].empty());
  const std::string since = "/debug/tasks?since=" + std::to_string(dump["id"].get<int>());
  EXPECT_EQ(nlohmann::json::parse(ask("GET", since))["unresponsive_before"],
            nlohmann::json::array({"worker 1"}));
  const std::string changes = ask("GET", since + "&format=text");
  EXPECT_NE(changes.find("loop \"worker 1\" did not answer then"), std::string::npos) << changes;
}

}  // namespace
