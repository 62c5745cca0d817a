// SPDX-License-Identifier: BSL-1.0
#include "server/mode.hpp"

#include <gtest/gtest.h>

#include "tests/support/server_process.hpp"

namespace {

using support::ServerProcess;

std::string mode_of(const support::HttpReply& reply) {
  return reply.body.find("\"mode\":\"leaky\"") != std::string::npos ? "leaky" : "fixed";
}

TEST(Mode, IsGivenByFlagAndChangedWhileRunning) {
  ServerProcess server({"--mode", "leaky", "--leak-payload", "1KiB"});
  EXPECT_EQ(mode_of(server.get("/demo?pattern=timer&latency=0")), "leaky");
  EXPECT_TRUE(server.metric_becomes("leash_server_mode", "mode=\"leaky\"", 1));
  const auto changed = server.admin("PUT", "/mode", R"({"mode":"fixed"})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body, "{\"mode\":\"fixed\"}\n");
  EXPECT_EQ(server.admin("GET", "/mode").body, "{\"mode\":\"fixed\"}\n");
  EXPECT_EQ(mode_of(server.get("/demo?pattern=timer&latency=0")), "fixed");
  EXPECT_TRUE(server.metric_becomes("leash_server_mode", "mode=\"leaky\"", 0));
}

TEST(Mode, AcceptsModePerRequest) {
  ServerProcess server;
  EXPECT_EQ(mode_of(server.get("/demo?pattern=timer&latency=0&mode=leaky")), "leaky");
  EXPECT_EQ(mode_of(server.get("/demo?pattern=timer&latency=0")), "fixed");
  EXPECT_EQ(server.get("/demo?mode=broken").status, 400);
}

TEST(Mode, ModeParameterCanBeDisabled) {
  ServerProcess server({"--no-request-mode"});
  const auto refused = server.get("/demo?pattern=timer&latency=0&mode=leaky");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("\"cause\":\"request-mode\""), std::string::npos) << refused.body;
  EXPECT_EQ(server.get("/demo?pattern=timer&latency=0&mode=fixed").status, 403)
      << "neither one nor the other";
  EXPECT_EQ(mode_of(server.get("/demo?pattern=timer&latency=0")), "fixed");
}

TEST(Mode, RefusesInvalidMode) {
  ServerProcess server;
  for (const char* body :
       {"", "leaky", "{}", R"({"mode":1})", R"({"mode":"x"})", R"({"mode":"leaky","more":1})"}) {
    const auto reply = server.admin("PUT", "/mode", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_NE(reply.head.find("application/problem+json"), std::string::npos);
  }
  EXPECT_EQ(server.admin("GET", "/mode").body, "{\"mode\":\"fixed\"}\n");
}

}  // namespace
