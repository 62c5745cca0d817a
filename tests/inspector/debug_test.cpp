// SPDX-License-Identifier: BSL-1.0
#include "inspector/debug.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/server_process.hpp"

namespace {

using nlohmann::json;
using support::ServerProcess;

const std::vector<std::string> leaky{"--mode", "leaky", "--threads", "2"};

void leak(const ServerProcess& server, const std::string& pattern, int requests) {
  for (int i = 0; i < requests; ++i) EXPECT_EQ(server.get("/demo?latency=0&pattern=" + pattern).status, 200);
}

json ask(const ServerProcess& server, const std::string& target) {
  const support::HttpReply reply = server.admin("GET", target);
  EXPECT_EQ(reply.status, 200) << reply.body;
  return json::parse(reply.body, nullptr, false);
}

TEST(Debug, ShowsLeaksByStackWithOwner) {
  const ServerProcess server(leaky);
  leak(server, "send", 3);
  leak(server, "receive", 2);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 8));
  const json leaks = ask(server, "/debug/leaks");
  EXPECT_EQ(leaks["schema"], 1);
  EXPECT_EQ(leaks["matched"], 8);
  ASSERT_EQ(leaks["tasks"].size(), 2u);
  const json& send = leaks["tasks"][0];
  EXPECT_EQ(send["count"], 6);
  EXPECT_EQ(send["state"], "leaked");
  EXPECT_EQ(send["wait"], "chan send");
  EXPECT_EQ(send["function"], "server::send_leaky");
  EXPECT_TRUE(send["example"]["owner"].get<std::string>().starts_with("request "));
  EXPECT_EQ(send["example"]["owner_cause"], "finished");
  EXPECT_GE(send["example"]["owner_done_seconds"], 1.0);
  EXPECT_EQ(send["example"]["frames"][0]["function"], "replica_leaky");

  const std::string text = server.admin("GET", "/debug/leaks?format=text").body;
  EXPECT_NE(text.find("8 of 9 tasks"), std::string::npos) << text;
  EXPECT_NE(text.find("started at               server/patterns/send.cpp:"), std::string::npos) << text;
}

TEST(Debug, NameTheTraceOfTheRequest) {
  const ServerProcess server(leaky);
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  EXPECT_EQ(
      server.get("/demo?pattern=receive&latency=1ms", "traceparent: 00-" + trace + "-00f067aa0ba902b7-01\r\n")
          .status,
      200);
  EXPECT_EQ(ask(server, "/debug/tasks?name=worker")["tasks"][0]["example"]["trace"], trace);
  for (const char* format : {"text", "html"}) {
    const std::string text =
        server.admin("GET", std::string("/debug/tasks?name=worker&format=") + format).body;
    EXPECT_NE(text.find("trace                    " + trace), std::string::npos) << text;
  }
  leak(server, "send", 1);
  const json begun = ask(server, "/debug/tasks?name=replica")["tasks"][0]["example"]["trace"];
  EXPECT_EQ(begun.get<std::string>().size(), trace.size()) << "a trace of its own";
  EXPECT_NE(begun, trace);
}

TEST(Debug, FiltersTasksByQuery) {
  const ServerProcess server(leaky);
  leak(server, "send", 1);
  leak(server, "receive", 1);
  EXPECT_EQ(ask(server, "/debug/tasks?site=receive.cpp")["matched"], 1);
  EXPECT_EQ(ask(server, "/debug/tasks?name=replica")["matched"], 2);
  EXPECT_EQ(ask(server, "/debug/tasks?name=replica&full=1")["tasks"].size(), 2u);
  EXPECT_EQ(ask(server, "/debug/tasks?min_age=1h")["matched"], 0);
  EXPECT_EQ(ask(server, "/debug/tasks?state=owned")["matched"], 1) << "the listener";
  EXPECT_EQ(ask(server, "/debug/tasks?limit=1")["tasks"].size(), 1u);
}

TEST(Debug, RejectsInvalidQueries) {
  const ServerProcess server;
  for (const char* target :
       {"/debug/tasks?bogus=1", "/debug/tasks?state=lost", "/debug/tasks?min_age=soon",
        "/debug/tasks?limit=0", "/debug/tasks?full=yes", "/debug/tasks?format=xml", "/debug/tasks?since=99",
        "/debug/leaks?limit=-1", "/debug/leaks?state=owned", "/debug/contexts?state=leaked"}) {
    EXPECT_EQ(server.admin("GET", target).status, 400) << target;
  }
  EXPECT_EQ(server.admin("POST", "/debug/reap?state=owned").status, 400);
  EXPECT_EQ(server.admin("GET", "/debug/reap").status, 405);
  EXPECT_EQ(server.get("/debug/tasks").status, 404) << "never on the public port";
}

TEST(Debug, TwoDumpsAreCompared) {
  const ServerProcess server(leaky);
  leak(server, "receive", 1);
  ASSERT_TRUE(
      server.metric_becomes("leash_tasks_leaked", "", 1));  // what changes its state changes its group
  const std::string id = std::to_string(ask(server, "/debug/tasks?name=worker")["id"].get<int>());
  leak(server, "receive", 2);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 3));
  const json difference = ask(server, "/debug/tasks?name=worker&since=" + id);
  EXPECT_EQ(difference["since"], std::stoi(id));
  ASSERT_EQ(difference["changes"].size(), 1u) << difference.dump(2);
  EXPECT_EQ(difference["changes"][0]["before"], 1);
  EXPECT_EQ(difference["changes"][0]["count"], 3);
  EXPECT_EQ(server.admin("GET", "/debug/tasks?since=" + id).status, 400) << "that was another question";
  const std::string full = std::to_string(ask(server, "/debug/tasks?full=1")["id"].get<int>());
  EXPECT_EQ(server.admin("GET", "/debug/tasks?full=1&since=" + full).status, 400) << "groups are compared";
}

TEST(Debug, ComparesGroupsHiddenByLimit) {
  const ServerProcess server(leaky);
  leak(server, "receive", 1);
  leak(server, "error", 1);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 2));
  const std::string question = "/debug/tasks?site=server/patterns&limit=1";
  const json first = ask(server, question);
  EXPECT_EQ(first["tasks"].size(), 1u);
  EXPECT_EQ(first["matched"], 2);
  const json difference = ask(server, question + "&since=" + std::to_string(first["id"].get<int>()));
  EXPECT_EQ(difference["changes"], json::array()) << difference.dump(2);
  leak(server, "receive", 2);
  leak(server, "error", 3);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 7));
  const json grown = ask(server, question + "&since=" + std::to_string(first["id"].get<int>()));
  ASSERT_EQ(grown["changes"].size(), 1u) << "the largest growth of two";
  EXPECT_EQ(grown["changes"][0]["before"], 1);
  EXPECT_EQ(grown["changes"][0]["count"], 4);
}

TEST(Debug, FullDumpsEvictNoComparableDump) {
  const ServerProcess server(leaky);
  const int id = ask(server, "/debug/tasks?site=server/patterns")["id"].get<int>();
  for (int i = 1; i <= 40; ++i) EXPECT_EQ(ask(server, "/debug/tasks?full=1")["id"], id + i);
  EXPECT_EQ(ask(server, "/debug/tasks?site=server/patterns&since=" + std::to_string(id))["since"], id);
}

TEST(Debug, RequestTimeoutSparesAdminListener) {
  const ServerProcess server({"--request-timeout", "1us"});
  EXPECT_EQ(server.get("/backend?latency=1s").status, 504);
  EXPECT_EQ(ask(server, "/debug/tasks")["unresponsive"], json::array());
}

TEST(Debug, ABrowserGetsAPage) {
  const ServerProcess server;
  const support::HttpReply page = server.admin("GET", "/debug/tasks?format=html");
  EXPECT_NE(page.head.find("Content-Type: text/html; charset=utf-8"), std::string::npos);
  EXPECT_TRUE(page.body.starts_with("<!doctype html>"));
  EXPECT_NE(page.body.find("&quot;listener&quot;"), std::string::npos) << page.body;
}

TEST(Debug, ShowsContextsByCreationSite) {
  const ServerProcess server(leaky);
  leak(server, "timer", 3);
  const json contexts = ask(server, "/debug/contexts?site=patterns/timer.cpp");
  EXPECT_TRUE(contexts["complete"]);
  ASSERT_EQ(contexts["contexts"].size(), 1u) << contexts.dump(2);
  const json& parked = contexts["contexts"][0];
  EXPECT_EQ(parked["count"], 3);
  EXPECT_EQ(parked["armed"], 3);
  EXPECT_GT(parked["nearest_deadline_seconds"], 3500);
}

TEST(Debug, TreeShowsOwnership) {
  const ServerProcess server(leaky);
  leak(server, "receive", 2);
  const json tree = ask(server, "/debug/tree");
  EXPECT_EQ(tree["schema"], 1);
  std::function<int(const json&)> workers = [&](const json& node) {
    int count = node["kind"] == "task" && node["name"] == "worker" ? node["count"].get<int>() : 0;
    for (const json& child : node["children"]) count += workers(child);
    return count;
  };
  int found = 0;
  for (const json& loop : tree["loops"]) {
    EXPECT_EQ(loop["kind"], "loop");
    EXPECT_NE(loop["name"], "leash inspector") << "looking does not change what is seen";
    found += workers(loop);
  }
  EXPECT_EQ(found, 2) << tree.dump(2);
  const std::string text = server.admin("GET", "/debug/tree?format=text").body;
  EXPECT_NE(text.find("\"worker\""), std::string::npos) << text;
  EXPECT_EQ(server.admin("GET", "/debug/tree?site=x").status, 400);
}

TEST(Debug, FoldedStacksAreALineEach) {
  const ServerProcess server(leaky);
  leak(server, "send", 2);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 4));
  const std::string folded = server.admin("GET", "/debug/leaks?format=folded").body;
  EXPECT_TRUE(folded.starts_with("started by server::send_leaky")) << folded;
  EXPECT_TRUE(folded.ends_with(";[chan send] 4\n")) << folded;
  for (const char* target : {"/debug/contexts?format=folded", "/debug/tree?format=folded"}) {
    EXPECT_EQ(server.admin("GET", target).status, 400) << target;
  }
  EXPECT_EQ(server.admin("GET", "/debug/leaks?format=folded&since=1").status, 400);
}

TEST(Debug, OutlivedContextsNameLineAndOwner) {
  const ServerProcess server(leaky);
  leak(server, "timer", 3);
  ASSERT_TRUE(server.metric_becomes("leash_contexts_outlived", "", 3));
  const json contexts = ask(server, "/debug/contexts?state=outlived");
  EXPECT_EQ(contexts["outlived"], 3);
  ASSERT_EQ(contexts["contexts"].size(), 1u) << contexts.dump(2);
  const json& parked = contexts["contexts"][0];
  EXPECT_EQ(parked["outlived"], 3);
  EXPECT_TRUE(parked["owner"].get<std::string>().starts_with("request ")) << parked;
  EXPECT_EQ(parked["owner_cause"], "finished");
  EXPECT_GT(parked["owner_done_seconds"], 0.9);
}

TEST(Debug, ReapEndsLeakedTasks) {
  const ServerProcess server(leaky);
  leak(server, "send", 2);
  leak(server, "receive", 1);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 5));
  EXPECT_EQ(json::parse(server.admin("POST", "/debug/reap?site=send.cpp").body)["ended"], 4);
  EXPECT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 1));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_finished_total", "outcome=\"reaped\"", 4));
  EXPECT_EQ(json::parse(server.admin("POST", "/debug/reap").body)["ended"], 1);
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
}

TEST(Debug, ReapWithoutALimitEndsAll) {
  const ServerProcess server({"--mode", "leaky", "--threads", "1"});
  leak(server, "send&fanout=64", 17);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 17 * 63));
  EXPECT_EQ(json::parse(server.admin("POST", "/debug/reap?limit=5").body)["ended"], 5);
  EXPECT_EQ(json::parse(server.admin("POST", "/debug/reap").body)["ended"], 17 * 63 - 5);
}

TEST(Debug, ReaperBoundsEveryPattern) {
  std::vector<std::string> options = leaky;
  options.insert(options.end(), {"--reap-after", "1s"});
  ServerProcess server(options);
  const double descriptors = server.metric("process_open_fds");
  const auto leak_of_every_kind = [&] {
    for (const char* pattern : {"receive", "send", "poller", "error", "upstream", "wait_group"}) {
      leak(server, pattern, 100);
    }
    EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
    EXPECT_TRUE(server.metric_becomes("process_open_fds", "", descriptors));
  };
  leak_of_every_kind();
  EXPECT_TRUE(server.metric_becomes("leash_tasks_finished_total", "outcome=\"reaped\"", 700));
  const double heap = server.metric("process_heap_bytes");
  leak_of_every_kind();
  EXPECT_LT(server.metric("process_heap_bytes"), heap + 1024 * 1024) << "700 tasks hold 11 MiB";
  EXPECT_EQ(server.stop(), 3) << "what had leaked counts, also when it was reaped";
}

TEST(Debug, ChoosesTheFormatTheClientPrefers) {
  const ServerProcess server;
  const std::pair<const char*, const char*> cases[] = {
      {"*/*", "application/json"},
      {"TEXT/Html", "text/html"},
      {"text/html;q=0.2, text/plain", "text/plain"},
      {"text/html;q=0, text/*", "text/plain"},
      {"application/xhtml+xml, text/html, */*;q=0.8", "text/html"},
      {"image/png", "application/json"},
  };
  for (const char* path :
       {"/debug/tasks", "/debug/leaks", "/debug/coroutines", "/debug/contexts", "/debug/tree"}) {
    for (const auto& [accept, type] : cases) {
      const support::HttpReply reply =
          server.admin("GET", path, {}, "Accept: " + std::string(accept) + "\r\n");
      EXPECT_NE(reply.head.find("Content-Type: " + std::string(type)), std::string::npos)
          << path << " " << accept;
      EXPECT_NE(reply.head.find("\r\nVary: Accept\r\n"), std::string::npos) << path;
      EXPECT_NE(reply.head.find("\r\nX-Process-Start-Time: "), std::string::npos) << path;
      const bool is_json = std::string_view(type) == "application/json";
      EXPECT_EQ(is_json, reply.body.contains("\"process_start_time_seconds\":")) << path << " " << accept;
    }
  }
}

}  // namespace
