#include "server/metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
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

TEST(Metrics, HaveTheirDocumentedNames) {
  ServerProcess server;
  server.get("/demo?mode=leaky&pattern=receive&latency=1ms");
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "wait=\"chan receive\"", 1));
  const std::string text = server.admin("GET", "/metrics").body;
  for (const char* type : {"leash_tasks_live gauge",
                           "leash_tasks_leaked gauge",
                           "leash_tasks_detached gauge",
                           "leash_task_oldest_age_seconds gauge",
                           "leash_task_frame_bytes gauge",
                           "leash_contexts_live gauge",
                           "leash_contexts_held gauge",
                           "leash_timers_armed gauge",
                           "leash_loop_lag_seconds gauge",
                           "http_requests_in_flight gauge",
                           "http_connections gauge",
                           "leash_server_mode gauge",
                           "leash_leak_limit_reached gauge",
                           "leash_build_info gauge",
                           "process_memory_limit_bytes gauge",
                           "process_resident_memory_bytes gauge",
                           "process_heap_bytes gauge",
                           "process_open_fds gauge",
                           "process_max_fds gauge",
                           "process_start_time_seconds gauge",
                           "process_threads gauge",
                           "leash_tasks_started_total counter",
                           "leash_tasks_finished_total counter",
                           "leash_task_leaks_total counter",
                           "leash_contexts_done_total counter",
                           "http_requests_total counter",
                           "http_connections_total counter",
                           "http_deadline_exceeded_total counter",
                           "process_cpu_seconds_total counter",
                           "http_request_duration_seconds histogram",
                           "leash_cancel_latency_seconds histogram"}) {
    EXPECT_NE(text.find("# TYPE " + std::string(type) + "\n"), std::string::npos) << type;
  }
  EXPECT_NE(text.find("site=\"server/patterns/receive.cpp:"), std::string::npos);
}

TEST(Metrics, CountRequestsByRouteMethodCodeAndMode) {
  ServerProcess server;
  server.get("/demo?pattern=timer&latency=1ms");
  server.get("/no/such/route");
  EXPECT_EQ(server.metric("http_requests_total", R"(route="/demo",method="GET",code="200",mode="fixed")"), 1);
  EXPECT_EQ(server.metric("http_requests_total", R"(route="other",method="GET",code="404")"), 1);
  EXPECT_EQ(server.metric("http_request_duration_seconds_count", "route=\"/demo\""), 1);
}

}  // namespace
