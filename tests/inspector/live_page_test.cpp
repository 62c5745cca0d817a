// SPDX-License-Identifier: BSL-1.0
#include "inspector/live_page.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/server_process.hpp"

// live_page_test.py tests the page in a browser.

namespace {

using nlohmann::json;
using support::ServerProcess;

json history(const ServerProcess& server, const std::string& since = "0") {
  return json::parse(server.admin("GET", "/debug/history?since=" + since).body, nullptr, false);
}

TEST(LivePage, AnswersABrowserAndOthersWithTheRoutes) {
  const ServerProcess server;
  const support::HttpReply page = server.admin("GET", "/", {}, "Accept: text/html,*/*;q=0.8\r\n");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.head.find("Content-Type: text/html; charset=utf-8"), std::string::npos);
  EXPECT_NE(page.head.find("default-src 'none'"), std::string::npos) << page.head;
  // The page, with the demonstration's switch between the modes added to it.
  EXPECT_TRUE(page.body.starts_with("<!doctype html>"));
  EXPECT_NE(page.body.find("id=\"leaks\""), std::string::npos);
  EXPECT_NE(page.body.find("\"/mode\""), std::string::npos);
  const support::HttpReply list = server.admin("GET", "/");
  EXPECT_NE(list.head.find("Vary: Accept"), std::string::npos);
  EXPECT_EQ(server.admin("GET", "/", {}, "Accept: text/html;q=0, */*\r\n").body, list.body)
      << "q=0 is a refusal";
  EXPECT_FALSE(json::parse(list.body)["routes"].empty());
}

TEST(LivePage, UsesNoNetworkButItsOwnServer) {
  const std::string page = inspector::live_html;
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  for (const char* foreign : {"src=", "@import", "url(", "//cdn", "https:"}) {
    EXPECT_EQ(page.find(foreign), std::string::npos) << foreign;
  }
}

TEST(LivePage, HistoryGivesEverySecondAndLaterSamples) {
  const ServerProcess server({"--mode", "leaky", "--threads", "2"});
  for (int i = 0; i < 6; ++i) EXPECT_EQ(server.get("/demo?latency=0&pattern=send").status, 200);
  json seen;
  ASSERT_TRUE(support::eventually([&] {
    seen = history(server);
    return seen["samples"]["tasks_leaked"].back() == 12;
  })) << seen.dump(2);
  EXPECT_EQ(seen["schema"], 1);
  EXPECT_EQ(seen["mode"], "leaky");
  EXPECT_FALSE(seen["draining"]);
  EXPECT_EQ(seen["samples"]["requests"].back(), 6);
  EXPECT_EQ(seen["samples"]["tasks_live"].back(), 13) << "and the listener";
  EXPECT_GT(seen["samples"]["resident_bytes"].back(), 1024 * 1024);
  EXPECT_EQ(seen["samples"]["time"].size(), seen["id"]);

  const std::string id = std::to_string(seen["id"].get<int>());
  json more;
  ASSERT_TRUE(support::eventually([&] { return (more = history(server, id))["id"] > seen["id"]; }));
  EXPECT_EQ(more["samples"]["time"].size(), more["id"].get<int>() - seen["id"].get<int>());
  EXPECT_EQ(server.admin("GET", "/debug/history?since=x").status, 400);
}

}  // namespace
