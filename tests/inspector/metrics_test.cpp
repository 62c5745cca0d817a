// SPDX-License-Identifier: BSL-1.0
#include "inspector/metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include "tests/support/server_process.hpp"

namespace {

using support::run_command;
using support::ServerProcess;

TEST(Metrics, PassPromtoolWithEveryKindOfSample) {
  ServerProcess server;
  for (const char* target :
       {"/demo?mode=leaky&pattern=receive", "/demo", "/backend?fail=1", "/healthz", "/nowhere"}) {
    server.get(target);
  }
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 1));
  const std::string path = testing::TempDir() + "metrics.txt";
  std::ofstream(path) << server.admin("GET", "/metrics").body;
  const auto promtool = run_command({"sh", "-c", "promtool check metrics < " + path});
  EXPECT_EQ(promtool.status, 0) << promtool.out << promtool.err;
}

// What a family's samples are labeled with; the bounds of a histogram's buckets are left out.
std::set<std::string> labels_of(const std::string& text, const std::string& family) {
  std::set<std::string> labels;
  const std::regex sample("^" + family + "(?:_bucket|_sum|_count)?\\{([^}]*)\\} ");
  const std::regex label("([a-z_]+)=\"");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (!std::regex_search(line, found, sample)) continue;
    const std::string inside = found[1];
    for (std::sregex_iterator at(inside.begin(), inside.end(), label), end; at != end; ++at) {
      if ((*at)[1] != "le") labels.insert((*at)[1]);
    }
  }
  return labels;
}

struct Documented {
  const char* name;
  const char* type;
  std::set<std::string> labels;
};

TEST(Metrics, HaveTheirDocumentedNamesTypesAndLabels) {
  ServerProcess server;
  server.get("/demo?mode=leaky&pattern=receive&latency=1ms");
  server.get("/demo?mode=leaky&pattern=timer&latency=1ms");
  ASSERT_TRUE(server.metric_becomes("leash_contexts_outlived", "site", 1));
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "wait=\"chan receive\"", 1));
  const std::string text = server.admin("GET", "/metrics").body;
  for (const Documented& family :
       {Documented{"leash_tasks_live", "gauge", {"site", "role"}},
        Documented{"leash_tasks_leaked", "gauge", {"site", "wait"}},
        Documented{"leash_tasks_detached", "gauge", {"site"}},
        Documented{"leash_task_oldest_age_seconds", "gauge", {"site"}},
        Documented{"leash_task_frame_bytes", "gauge", {"site"}},
        Documented{"leash_contexts_live", "gauge", {}},
        Documented{"leash_contexts_held", "gauge", {}},
        Documented{"leash_contexts_outlived", "gauge", {"site"}},
        Documented{"leash_timers_armed", "gauge", {}},
        Documented{"leash_loop_lag_seconds", "gauge", {"loop"}},
        Documented{"http_requests_in_flight", "gauge", {}},
        Documented{"http_connections", "gauge", {}},
        Documented{"leash_server_mode", "gauge", {"mode"}},
        Documented{"leash_leak_limit_reached", "gauge", {}},
        Documented{"leash_build_info", "gauge", {"version", "compiler", "asio"}},
        Documented{"process_resident_memory_bytes", "gauge", {}},
        Documented{"process_heap_bytes", "gauge", {}},
        Documented{"process_open_fds", "gauge", {}},
        Documented{"process_max_fds", "gauge", {}},
        Documented{"process_start_time_seconds", "gauge", {}},
        Documented{"process_threads", "gauge", {}},
        Documented{"leash_tasks_started_total", "counter", {"site"}},
        Documented{"leash_tasks_finished_total", "counter", {"site", "outcome"}},
        Documented{"leash_task_leaks_total", "counter", {"site"}},
        Documented{"leash_contexts_done_total", "counter", {"cause"}},
        Documented{"http_requests_total", "counter", {"route", "method", "code", "mode"}},
        Documented{"http_connections_total", "counter", {}},
        Documented{"http_deadline_exceeded_total", "counter", {"route"}},
        Documented{"process_cpu_seconds_total", "counter", {}},
        Documented{"http_request_duration_seconds", "histogram", {"route", "mode"}},
        Documented{"leash_cancel_latency_seconds", "histogram", {}}}) {
    const std::string name = family.name;
    EXPECT_NE(text.find("# TYPE " + name + " " + family.type + "\n"), std::string::npos) << name;
    EXPECT_NE(text.find("# HELP " + name + " "), std::string::npos) << name;
    EXPECT_EQ(labels_of(text, name), family.labels) << name;
  }
  EXPECT_NE(text.find("site=\"server/patterns/receive.cpp:"), std::string::npos);
  for (const char* cause :
       {"finished", "canceled", "deadline", "disconnected", "shutdown", "parent", "other"}) {
    EXPECT_NE(text.find("leash_contexts_done_total{cause=\"" + std::string(cause) + "\"} "),
              std::string::npos)
        << cause;
  }
  for (const char* bound : {"0.0005", "10", "+Inf"}) {
    EXPECT_NE(text.find("le=\"" + std::string(bound) + "\"} "), std::string::npos) << bound;
  }
}

TEST(Metrics, CountRequestsByRouteMethodCodeAndMode) {
  ServerProcess server;
  server.get("/demo?pattern=timer&latency=1ms");
  server.get("/no/such/route");
  EXPECT_EQ(server.metric("http_requests_total", R"(route="/demo",method="GET",code="200",mode="fixed")"), 1);
  EXPECT_EQ(server.metric("http_requests_total", R"(route="other",method="GET",code="404")"), 1);
  EXPECT_TRUE(server.metric_becomes("http_request_duration_seconds_count", "route=\"/demo\"", 1));
}

}  // namespace
