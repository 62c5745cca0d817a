// leash-load against the real leash-server: what it finds, what it says, and how it ends.

#include <gtest/gtest.h>

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/server_process.hpp"

namespace {

using support::Finished;
using support::run_command;
using support::ServerProcess;

Finished load(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), LEASH_LOAD_BINARY);
  return run_command(arguments);
}

std::string metrics_of(const ServerProcess& server) {
  return "http://127.0.0.1:" + std::to_string(server.admin_port()) + "/metrics";
}

std::string new_file() { return ::testing::TempDir() + "leash-load-" + std::to_string(::getpid()) + ".json"; }

nlohmann::json report_in(const std::string& file) {
  std::ifstream in(file);
  auto report = nlohmann::json::parse(in, nullptr, false);
  std::remove(file.c_str());
  return report;
}

TEST(LoadCommand, AFixedServerIsClean) {
  const ServerProcess server;
  const std::string file = new_file();
  const Finished run = load({"run", server.url("/demo?pattern=mixed"), "--metrics", metrics_of(server),
                             "--requests", "200", "--connections", "4", "--json", file});
  EXPECT_EQ(run.status, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  const auto report = report_in(file);
  EXPECT_EQ(report["schema"], 1);
  EXPECT_EQ(report["verdict"], "clean");
  EXPECT_EQ(report["mode"], "fixed");
  EXPECT_EQ(report["requests"]["ok"], 200);
  EXPECT_EQ(report["server"]["requests_seen"], 200);
  EXPECT_EQ(report["server"]["leaked_after_drain"], 0);
  EXPECT_EQ(report["server"]["restarts"], 0);
  EXPECT_GT(report["latency_seconds"]["p50"], 0.004) << "the default latency is 5 ms";
}

TEST(LoadCommand, ALeakyServerHasLeakedWhatItsPatternLeaves) {
  const ServerProcess server({"--mode", "leaky"});
  const std::string file = new_file();
  const Finished run = load({"run", server.url("/demo?pattern=send&fanout=4"), "--metrics",
                             metrics_of(server), "--requests", "50", "--connections", "4", "--json", file});
  EXPECT_EQ(run.status, 3) << run.out << run.err;
  const auto report = report_in(file);
  EXPECT_EQ(report["verdict"], "leak");
  EXPECT_EQ(report["server"]["tasks_before"], 0);
  EXPECT_EQ(report["server"]["tasks_after_drain"], 150);
  EXPECT_EQ(report["server"]["leaked_after_drain"], 150);
  EXPECT_EQ(report["server"]["leaked_per_request"], 3);
  EXPECT_NE(run.out.find("150 tasks (3.00 a request)"), std::string::npos) << run.out;
}

TEST(LoadCommand, ADeadlineThatIsNeverCancelledIsALeakWithoutATask) {
  const ServerProcess server({"--mode", "leaky"});
  const std::string file = new_file();
  const Finished run = load({"run", server.url("/demo?pattern=timer"), "--metrics", metrics_of(server),
                             "--requests", "20", "--connections", "2", "--json", file});
  EXPECT_EQ(run.status, 3) << run.out << run.err;
  const auto figures = report_in(file)["server"];
  EXPECT_EQ(figures["tasks_after_drain"], 0);
  EXPECT_EQ(figures["timers_after_drain"].get<int>() - figures["timers_before"].get<int>(), 20);
}

TEST(LoadCommand, CompareSetsBothSideBySide) {
  const ServerProcess fixed;
  const ServerProcess leaky({"--mode", "leaky"});
  const std::string file = new_file();
  const Finished run = load({"compare", fixed.url("/demo"), leaky.url("/demo"), "--metrics-fixed",
                             metrics_of(fixed), "--metrics-leaky", metrics_of(leaky), "--rate", "200",
                             "--duration", "500ms", "--warmup", "100ms", "--json", file});
  EXPECT_EQ(run.status, 3) << run.out << run.err;
  const auto report = report_in(file);
  EXPECT_EQ(report["fixed"]["verdict"], "clean");
  EXPECT_EQ(report["leaky"]["verdict"], "leak");
  EXPECT_EQ(report["fixed"]["rate"]["asked"], 200);
  EXPECT_EQ(report["fixed"]["requests"]["ok"], 100);
  EXPECT_EQ(report["leaky"]["requests"]["ok"], 100);
}

TEST(LoadCommand, ClientsThatLeaveAreNoErrorsAndLeaveNothing) {
  const ServerProcess server;
  const std::string file = new_file();
  const Finished run = load({"run", server.url("/demo?pattern=mixed"), "--metrics", metrics_of(server),
                             "--requests", "200", "--abort", "50%", "--json", file});
  EXPECT_EQ(run.status, 0) << run.out << run.err;
  const auto requests = report_in(file)["requests"];
  EXPECT_GT(requests["aborted"], 0);
  EXPECT_EQ(requests["errors"], 0);
  EXPECT_EQ(requests["aborted"].get<int>() + requests["ok"].get<int>(), 200);
}

TEST(LoadCommand, AnUnreachableTargetIsOneLineAndStatusFive) {
  const Finished run = load({"run", "http://127.0.0.1:1/"});
  EXPECT_EQ(run.status, 5);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_NE(run.err.find("http://127.0.0.1:1/: Connection refused"), std::string::npos) << run.err;
}

TEST(LoadCommand, WithoutTheServersMetricsTheVerdictIsUnknown) {
  const ServerProcess server;
  const Finished run =
      load({"run", server.url("/healthz"), "--metrics", server.url("/healthz"), "--requests", "10"});
  EXPECT_EQ(run.status, 5) << run.out;
  EXPECT_NE(run.out.find("unknown"), std::string::npos) << run.out;
}

TEST(LoadCommand, AFileThatCannotBeWrittenIsSaidBeforeTheLoad) {
  const Finished run = load({"run", "http://127.0.0.1:1/", "--json", "/no/such/folder/run.json"});
  EXPECT_EQ(run.status, 2);
  EXPECT_NE(run.err.find("/no/such/folder/run.json: cannot be written"), std::string::npos) << run.err;
}

TEST(LoadCommand, ABadArgumentIsOneLineAndStatusTwo) {
  const Finished run = load({"run", "http://127.0.0.1:1/", "--rate", "fast"});
  EXPECT_EQ(run.status, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

}  // namespace
