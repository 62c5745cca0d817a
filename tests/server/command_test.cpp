// SPDX-License-Identifier: BSL-1.0
// The command line of leash-server as users run it: an error is one clear line with a non-zero exit status, and
// nothing is left running.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/server_process.hpp"

namespace {

using support::Finished;
using support::run_command;
using support::ServerProcess;

Finished server(std::vector<std::string> options) {
  options.insert(options.begin(), LEASH_SERVER_BINARY);
  return run_command(options);
}

void expect_one_line(const Finished& finished, std::string_view says) {
  EXPECT_EQ(finished.status, 2);
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
  EXPECT_NE(finished.err.find(says), std::string::npos) << finished.err;
  EXPECT_EQ(finished.out, "");
}

TEST(Command, ReportsInvalidOption) {
  expect_one_line(server({"--no-such-option"}), "--no-such-option");
  expect_one_line(server({"--mode", "leeky"}), "must be one of fixed, leaky");
  expect_one_line(server({"--request-timeout", "5 parsecs"}), "--request-timeout");
  expect_one_line(server({"--leak-limit", "lots"}), "--leak-limit");
  expect_one_line(server({"--idle-timeout", "0"}), "--idle-timeout: must be greater than 0");
  expect_one_line(server({"--max-in-flight", "0"}),
                  "--max-in-flight: must be a whole number from 1 to 1000000000, not '0'");
  expect_one_line(server({"--port", "99999"}), "--port: must be a whole number from 0 to 65535, not '99999'");
  expect_one_line(server({"--half-close", "maybe"}), "must be one of cancel, allow");
  expect_one_line(server({"--log-level", "loud"}), "must be one of trace, debug, info, warn, error, off");
  expect_one_line(server({"--log-format", "xml"}), "must be one of text, json");
  expect_one_line(server({"--upstream", "ftp://a"}), "--upstream");
  expect_one_line(server({"healthcheck", "--port", "0"}), "healthcheck needs the --port");
  expect_one_line(server({"--accept", "all"}), "must be one of turns, reuseport");
}

TEST(Command, TakesOptionsFromTheEnvironment) {
  ::setenv("LEASH_MODE", "leeky", 1);
  const Finished finished = server({});
  ::unsetenv("LEASH_MODE");
  expect_one_line(finished, "must be one of fixed, leaky");
}

TEST(Command, ReportsPortInUse) {
  const ServerProcess running;
  expect_one_line(server({"--port", std::to_string(running.port()), "--admin-port", "0"}),
                  "Address already in use");
  expect_one_line(server({"--port", "0", "--admin-port", std::to_string(running.admin_port())}),
                  "Address already in use");
  expect_one_line(server({"--host", "not an address"}), "use an IP address");
}

#ifndef LEASH_SANITIZED  // the sanitizers need descriptors themselves
Finished with_descriptors(int limit, const std::string& command) {
  return run_command(
      {"/bin/sh", "-c",
       "exec 3>&- 4>&- 5>&- 6>&- 7>&-; ulimit -n " + std::to_string(limit) + "; exec " + command,
       LEASH_SERVER_BINARY});
}

TEST(Command, ReportsStartWithoutDescriptors) {
  int started = 0;
  for (int limit = 4; limit < 40 && started == 0; ++limit) {
    const support::Finished run =
        with_descriptors(limit, "timeout 3 \"$0\" --threads 1 --port 0 --admin-port 0");
    if (run.out.starts_with("ready ")) {
      ++started;
      continue;
    }
    EXPECT_EQ(run.status, 2) << limit << run.err;
    EXPECT_TRUE(run.err.starts_with("leash-server: ")) << limit << run.err;
    EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << limit << run.err;
  }
  EXPECT_EQ(started, 1) << "with some it starts";
}

TEST(Command, HealthcheckWithoutDescriptorsFailsInOneLine) {
  const ServerProcess running;
  const std::string ask = "\"$0\" healthcheck --port " + std::to_string(running.port());
  int limit = 4;
  for (; limit < 40; ++limit) {
    const support::Finished run = with_descriptors(limit, ask);
    if (run.status == 0) break;
    EXPECT_EQ(run.status, 1) << limit << run.err;
    EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << limit << run.err;
  }
  EXPECT_GT(limit, 4);
  EXPECT_LT(limit, 40) << "with some it is told that the server is alive";
}
#endif

TEST(Command, HealthcheckAsksARunningServer) {
  ServerProcess running;
  const std::string port = std::to_string(running.port());
  const Finished alive = server({"healthcheck", "--port", port});
  EXPECT_EQ(alive.status, 0) << alive.err;
  EXPECT_EQ(alive.out, "http://127.0.0.1:" + port + "/healthz: alive\n");
  EXPECT_EQ(server({"healthcheck", "--host", "0.0.0.0", "--port", port}).status, 0)
      << "as the server is told";
  const Finished wrong = server({"healthcheck", "--port", std::to_string(running.admin_port())});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_NE(wrong.err.find("/healthz: status 404"), std::string::npos) << wrong.err;

  EXPECT_EQ(running.stop(), 0);
  const Finished gone = server({"healthcheck", "--port", port});
  EXPECT_EQ(gone.status, 1);
  EXPECT_EQ(gone.err, "leash-server: http://127.0.0.1:" + port + "/healthz: Connection refused\n");
}

TEST(Command, HelpNamesEveryOptionAndExitsWithZero) {
  const Finished finished = server({"--help"});
  EXPECT_EQ(finished.status, 0);
  for (const char* option : {"--port", "--admin-port", "--mode", "--request-timeout", "--drain-timeout",
                             "--leak-limit", "--max-connections", "LEASH_"}) {
    EXPECT_NE(finished.out.find(option), std::string::npos) << option;
  }
}

}  // namespace
