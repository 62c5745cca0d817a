// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile_routes.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/server_process.hpp"

namespace {

using support::HttpReply;
using support::ServerProcess;

TEST(ProfileRoutes, AnswerCompressedProfilesToDownload) {
  const ServerProcess server;
  for (const char* name : {"tasks", "goroutine", "goroutineleak"}) {
    const HttpReply reply = server.admin("GET", std::string("/debug/pprof/") + name);
    EXPECT_EQ(reply.status, 200) << name;
    EXPECT_NE(reply.head.find("Content-Type: application/octet-stream\r\n"), std::string::npos) << reply.head;
    EXPECT_NE(reply.head.find("Content-Disposition: attachment; filename=\""), std::string::npos)
        << reply.head;
    EXPECT_TRUE(reply.body.starts_with("\x1f\x8b")) << "gzip";
  }
}

TEST(ProfileRoutes, NameAlternativesToUnsupportedQueries) {
  const ServerProcess server;
  const HttpReply text = server.admin("GET", "/debug/pprof/goroutine?debug=1");
  EXPECT_EQ(text.status, 400);
  EXPECT_NE(text.body.find("/debug/tasks?format=text"), std::string::npos) << text.body;
  const HttpReply difference = server.admin("GET", "/debug/pprof/goroutine?seconds=5");
  EXPECT_EQ(difference.status, 400);
  EXPECT_NE(difference.body.find("-diff_base"), std::string::npos) << difference.body;
}

}  // namespace
