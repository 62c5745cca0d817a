// SPDX-License-Identifier: BSL-1.0
#include "server/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/captured_log.hpp"
#include "tests/support/server_process.hpp"

namespace {

using server::log_fields;
using server::LogFormat;
using support::RawClient;
using support::ServerProcess;

constexpr char hostile_bytes[] = "quote\" back\\slash\nnew line\r\t\x1b[31mred\x7f \xc3\xbc \xff\xfe \0end";
constexpr std::string_view hostile(hostile_bytes, sizeof hostile_bytes - 1);

TEST(Log, WritesPlainValuesAsTheyAre) {
  EXPECT_EQ(log_fields(LogFormat::text, {{"mode", "fixed"}, {"n", -3}, {"ms", 1.5}, {"at", "/a?b&c"}}),
            "mode=fixed n=-3 ms=1.5 at=/a?b&c");
  EXPECT_EQ(log_fields(LogFormat::json, {{"mode", "fixed"}, {"n", 18'000'000'000}, {"ms", 1.5}}),
            R"("mode":"fixed","n":18000000000,"ms":1.5)");
}

TEST(Log, QuotesTextBreakingLineOrField) {
  EXPECT_EQ(log_fields(LogFormat::text, {{"a", ""}, {"b", "two words"}, {"c", "k=v"}}),
            R"(a="" b="two words" c="k=v")");
  EXPECT_EQ(log_fields(LogFormat::text, {{"a", hostile}}),
            R"(a="quote\" back\\slash\nnew line\x0d\x09\x1b[31mred\x7f \xc3\xbc \xff\xfe \x00end")");
}

TEST(Log, EscapesEveryByteToPrintableAscii) {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    const std::string line = log_fields(format, {{"a", bytes}, {"b", "end"}});
    EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; })) << line;
  }
  const auto object =
      nlohmann::json::parse("{" + log_fields(LogFormat::json, {{"a", bytes}, {"b", "end"}}) + "}");
  EXPECT_EQ(object.size(), 2u);
  EXPECT_EQ(object["b"], "end");
}

TEST(Log, KnowsItsLevelsAndFormats) {
  EXPECT_EQ(http::server::parse_log_level("warn"), server::LogLevel::warn);
  EXPECT_FALSE(http::server::parse_log_level("loud"));
  EXPECT_EQ(server::parse_log_format("json"), LogFormat::json);
  EXPECT_FALSE(server::parse_log_format("xml"));
}

TEST(Log, LimitsWarningsOfTheSameName) {
  support::CapturedLog captured;
  for (int i = 0; i < 1000; ++i) server::log_limited(server::LogLevel::warn, "it is down", {{"n", i}});
  for (int i = 0; i < 30; ++i) server::log_limited(server::LogLevel::info, "it is up", {{"n", i}});
  server::log_limited(server::LogLevel::warn, "something else", {});
  const std::string text = captured.text();
  EXPECT_NE(text.find("\"it is down\" n=19"), std::string::npos) << text;
  EXPECT_EQ(text.find("\"it is down\" n=20"), std::string::npos) << text;
  EXPECT_NE(text.find("\"it is up\" n=29"), std::string::npos) << text;
  EXPECT_NE(text.find("something else"), std::string::npos) << text;
}

// --- of a running server ---

std::vector<std::string> lines_of(const std::string& log, std::string_view with) {
  std::vector<std::string> lines;
  std::istringstream in(log);
  for (std::string line; std::getline(in, line);) {
    if (line.find(with) != std::string::npos) lines.push_back(line);
  }
  return lines;
}

constexpr const char* trace_fields =
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";

TEST(RequestLog, HasALineForEachRequestAtDebug) {
  ServerProcess server({"--log-level", "debug", "--request-timeout", "50ms"});
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms", trace_fields).status, 200);
  EXPECT_EQ(server.get("/healthz", trace_fields).status, 200);
  EXPECT_EQ(server.get("/nowhere").status, 404);
  EXPECT_EQ(server.get("/demo?pattern=send&latency=10s").status, 504);
  RawClient garbage(server.port());
  garbage.send("\x01\x02 / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(garbage.receive_reply().status, 400);
  EXPECT_EQ(server.stop(), 0);

  const auto lines = lines_of(server.log(), "event=request ");
  ASSERT_EQ(lines.size(), 5u) << server.log();
  const auto has = [&](std::size_t line, std::string_view text) {
    EXPECT_NE(lines[line].find(text), std::string::npos) << text << "\n" << lines[line];
  };
  has(0,
      " level=debug event=request loop=\"worker 0\" request=1 trace=4bf92f3577b34da6a3ce929d0e0e4736 "
      "method=GET "
      "target=\"/demo?pattern=receive&latency=1ms\" route=/demo status=200 mode=fixed duration_ms=");
  has(0, " cause=finished");
  has(1, " trace=4bf92f3577b34da6a3ce929d0e0e4736 method=GET target=/healthz route=/healthz status=200 ");
  has(2, " route=other status=404 ");
  has(2, " cause=\"there is no such route\"");
  has(3, " status=504 ");
  has(3, " cause=\"context deadline exceeded\"");
  has(4, " route=other status=400 cause=");
}

TEST(RequestLog, HasNoneAtInfo) {
  ServerProcess server;
  EXPECT_EQ(server.get("/healthz").status, 200);
  EXPECT_EQ(server.stop(), 0);
  EXPECT_TRUE(lines_of(server.log(), "healthz").empty()) << server.log();
  EXPECT_EQ(lines_of(server.log(), "level=info").size(), 3u) << "serving, draining, drained\n"
                                                             << server.log();
}

TEST(RequestLog, AsJsonIsAnObjectALine) {
  ServerProcess server({"--log-format", "json", "--log-level", "debug", "--mode", "leaky", "--threads", "1"});
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms&%22%0a=1").status, 400);
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms", trace_fields).status, 200);
  EXPECT_EQ(server.stop(), 3);
  std::vector<nlohmann::json> events;
  for (const std::string& line : lines_of(server.log(), "")) {
    events.push_back(nlohmann::json::parse(line, nullptr, false));
    ASSERT_TRUE(events.back().is_object()) << line;
  }
  const auto with = [&](std::string_view event) {
    for (const auto& each : events) {
      if (each["event"] == event && each.value("status", 0) != 400) return each;
    }
    return nlohmann::json();
  };
  EXPECT_EQ(with("serving")["mode"], "leaky");
  EXPECT_EQ(with("request")["trace"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(with("request")["status"], 200);
  EXPECT_EQ(with("drained")["tasks_left"], 1);
  EXPECT_EQ(with("tasks left")["count"], 1);
  EXPECT_NE(with("tasks left")["report"].get<std::string>().find("[chan receive"), std::string::npos);
}

// For any bytes from a client, the log is printable, and each event is one line.
TEST(RequestLog, EscapesAllPeerText) {
  ServerProcess server({"--log-level", "debug", "--threads", "1"});
  int requests = 0;
  for (int c = 1; c < 256; ++c) {
    const std::string byte(1, static_cast<char>(c));
    for (const std::string& bytes :
         {"GET /a" + byte + "level=error HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
          "G" + byte + "T / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\ntraceparent: " + byte + "\r\n\r\n"}) {
      RawClient client(server.port());
      client.send(bytes);
      client.shutdown_sending();
      client.receive_all();
      ++requests;
    }
  }
  EXPECT_EQ(server.stop(), 0);
  const std::string log = server.log();
  EXPECT_TRUE(std::ranges::all_of(log, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  EXPECT_GT(lines_of(log, "event=request").size(), static_cast<std::size_t>(requests) / 2);
  for (const std::string& line : lines_of(log, "")) {
    EXPECT_TRUE(line.starts_with("time=")) << line;
    EXPECT_EQ(line.find(" level=error"), std::string::npos) << line;
  }
}

}  // namespace
