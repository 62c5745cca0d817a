// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using loadgen::Options;

std::expected<Options, cli::Message> parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv{"leash-load"};
  argv.insert(argv.end(), arguments);
  return loadgen::parse_command_line(static_cast<int>(argv.size()), argv.data());
}

// One line, status 2, and it names what was wrong.
void expect_refused(std::initializer_list<const char*> arguments, const std::string& says) {
  const auto options = parse(arguments);
  ASSERT_FALSE(options) << says;
  EXPECT_EQ(options.error().exit_status, 2);
  EXPECT_NE(options.error().text.find(says), std::string::npos) << options.error().text;
  EXPECT_EQ(options.error().text.find('\n'), std::string::npos) << options.error().text;
}

TEST(LoadOptions, AClosedLoopIsTheDefault) {
  const auto options = parse({"run", "http://127.0.0.1:8080/demo"});
  ASSERT_TRUE(options);
  ASSERT_EQ(options->targets.size(), 1u);
  EXPECT_FALSE(options->is_compare());
  const loadgen::Target& target = options->targets[0];
  EXPECT_EQ(target.address, "http://127.0.0.1:8080/demo");
  EXPECT_FALSE(target.plan.rate);
  EXPECT_EQ(target.plan.connections, 16u);
  EXPECT_EQ(target.plan.duration, 10s);
  EXPECT_EQ(target.plan.warmup, 1s);
  EXPECT_EQ(target.plan.timeout, 5s);
  EXPECT_EQ(target.plan.abort_share, 0);
  EXPECT_EQ(options->drain_timeout, 10s);
}

TEST(LoadOptions, MetricsAreOnTheNextPortUnlessToldOtherwise) {
  const auto next = parse({"run", "http://127.0.0.1:8080/demo"});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->targets[0].metrics.at(0).url.port, 8081);
  EXPECT_EQ(next->targets[0].metrics.at(0).url.target, "/metrics");
  const auto given = parse({"run", "http://127.0.0.1:8080/demo", "--metrics", "http://127.0.0.1:9/m"});
  ASSERT_TRUE(given);
  EXPECT_EQ(given->targets[0].metrics.at(0).url.port, 9);
  EXPECT_EQ(given->targets[0].metrics.at(0).url.target, "/m");
  ASSERT_EQ(next->targets[0].metrics.size(), 2u);
  EXPECT_EQ(next->targets[0].metrics.at(1).address(), "http://127.0.0.1:8080/metrics")
      << "or beside the requests";
  EXPECT_EQ(given->targets[0].metrics.size(), 1u);
  EXPECT_EQ(parse({"run", "http://127.0.0.1:65535/"})->targets[0].metrics.size(), 1u);
  EXPECT_EQ(
      parse({"run", "http://a/", "--metrics", "unix:/run/a.sock"})->targets[0].metrics.at(0).unix_socket,
      "/run/a.sock");
}

TEST(LoadOptions, AnOpenLoopMayUseMoreConnections) {
  const auto options = parse({"run", "http://127.0.0.1:8080/", "--rate", "0.5"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->targets[0].plan.rate, 0.5);
  EXPECT_EQ(options->targets[0].plan.connections, 64u);
}

TEST(LoadOptions, ACountOfRequestsReplacesDurationAndWarmup) {
  const auto counted = parse({"run", "http://127.0.0.1:8080/", "--requests", "100"});
  ASSERT_TRUE(counted);
  EXPECT_EQ(counted->targets[0].plan.requests, 100u);
  EXPECT_FALSE(counted->targets[0].plan.duration);
  EXPECT_EQ(counted->targets[0].plan.warmup, 0s);
  const auto both =
      parse({"run", "http://127.0.0.1:8080/", "--requests", "100", "--duration", "2s", "--warmup", "3s"});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->targets[0].plan.duration, 2s);
  EXPECT_EQ(both->targets[0].plan.warmup, 3s);
}

TEST(LoadOptions, CompareTakesTheFixedServerFirst) {
  const auto options = parse({"compare", "http://127.0.0.1:1/a", "http://127.0.0.1:3/b", "--abort", "5%",
                              "--metrics-leaky", "http://127.0.0.1:9/metrics"});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->is_compare());
  EXPECT_EQ(options->targets[0].address, "http://127.0.0.1:1/a");
  EXPECT_EQ(options->targets[0].metrics.at(0).url.port, 2);
  EXPECT_EQ(options->targets[1].metrics.at(0).url.port, 9);
  EXPECT_DOUBLE_EQ(options->targets[1].plan.abort_share, 0.05);
}

TEST(LoadOptions, ReportUsageErrors) {
  expect_refused({}, "a command is missing; the commands are run, compare, merge");
  expect_refused({"--ruin"}, "'--ruin' is not an argument of leash-load; see --help");
  expect_refused({"ruin"}, "'ruin' is not a command; the commands are run, compare, merge");
  expect_refused({"run"}, "the argument URL is missing");
  expect_refused({"compare", "http://127.0.0.1:1/"}, "the argument LEAKY_URL is missing");
  expect_refused({"run", "ftp://127.0.0.1/"}, "http://");
  expect_refused({"run", "http://127.0.0.1:8080/", "--rate", "fast"}, "--rate");
  expect_refused({"run", "http://127.0.0.1:8080/", "--rate", "0"}, "0.001 to 1000000");
  expect_refused({"run", "http://127.0.0.1:8080/", "--rate", "nan"}, "--rate");
  expect_refused({"run", "http://127.0.0.1:8080/", "--duration", "10"}, "--duration");
  expect_refused({"run", "http://127.0.0.1:8080/", "--duration", "0s"}, "greater than 0");
  expect_refused({"run", "http://127.0.0.1:8080/", "--requests", "-1"}, "--requests");
  expect_refused({"run", "http://127.0.0.1:8080/", "--connections", "0"}, "from 1 to 20000");
  expect_refused({"run", "http://127.0.0.1:8080/", "--abort", "5"}, "0% to 100%");
  expect_refused({"run", "http://127.0.0.1:8080/", "--abort", "101%"}, "0% to 100%");
  expect_refused({"run", "http://127.0.0.1:8080/", "--bogus"}, "--bogus");
  expect_refused({"run", "http://127.0.0.1:8080/", "--stages", "10s"}, "--stages: '10s' is not a stage");
  expect_refused({"run", "http://127.0.0.1:8080/", "--stages", "10s:1", "--rate", "5"},
                 "--rate and --stages cannot be used together");
  expect_refused({"run", "http://127.0.0.1:8080/", "--stages", "10s:1", "--duration", "5s"},
                 "--stages and --duration cannot be used together");
  expect_refused({"run", "http://127.0.0.1:8080/", "--threshold", "p99"}, "--threshold: 'p99' is not METRIC");
  expect_refused({"run", "http://127.0.0.1:8080/", "--threshold", "rate>95%"}, "needs --rate or --stages");
  expect_refused({"run", "http://127.0.0.1:8080/", "--spin"}, "--spin needs --rate or --stages");
  expect_refused({"run", "http://127.0.0.1:8080/", "--prometheus-port", "65536"},
                 "a whole number from 0 to 65535");
  expect_refused({"run", "http://127.0.0.1:8080/", "--prometheus-host", "::1"}, "--prometheus-port");
  expect_refused({"merge"}, "the argument FILE is missing");
  expect_refused({"merge", "a.json", "--rate", "5"}, "--rate");
}

TEST(LoadOptions, StagesDefaultToOpenLoopWithoutWarmup) {
  const auto options = parse({"run", "http://127.0.0.1:8080/", "--stages", "10s:100,30s:100..1000"});
  ASSERT_TRUE(options);
  const loadgen::Plan& plan = options->targets[0].plan;
  EXPECT_TRUE(plan.is_open());
  EXPECT_EQ(plan.stages.size(), 2u);
  EXPECT_EQ(plan.duration, 40s);
  EXPECT_EQ(plan.warmup, 0s);
  EXPECT_EQ(plan.connections, 64u);
  EXPECT_EQ(plan.rate_asked(), 437.5);
  const auto warm = parse({"run", "http://127.0.0.1:8080/", "--stages", "1s:10", "--warmup", "2s"});
  ASSERT_TRUE(warm);
  EXPECT_EQ(warm->targets[0].plan.warmup, 2s);
}

TEST(LoadOptions, ThresholdsAreRepeated) {
  const auto options = parse({"compare", "http://127.0.0.1:1/", "http://127.0.0.1:3/", "--threshold",
                              "p99<50ms", "--threshold", "errors <= 1%"});
  ASSERT_TRUE(options);
  ASSERT_EQ(options->delivery.thresholds.size(), 2u);
  EXPECT_EQ(options->delivery.thresholds[1].text, "errors<=1%");
}

TEST(LoadOptions, OwnMetricsDefaultToLoopback) {
  const auto local = parse({"run", "http://127.0.0.1:8080/", "--prometheus-port", "9200"});
  ASSERT_TRUE(local);
  EXPECT_EQ(local->prometheus->host, "127.0.0.1");
  EXPECT_EQ(local->prometheus->port, 9200);
  const auto everywhere =
      parse({"run", "http://127.0.0.1:8080/", "--prometheus-port", "0", "--prometheus-host", "0.0.0.0"});
  ASSERT_TRUE(everywhere);
  EXPECT_EQ(everywhere->prometheus->host, "0.0.0.0");
  EXPECT_FALSE(parse({"run", "http://127.0.0.1:8080/"})->prometheus);
}

TEST(LoadOptions, TheServerNeedNotBeLookedAt) {
  const auto options = parse({"run", "http://127.0.0.1:65535/", "--metrics", "none"});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->targets[0].metrics.empty());
}

TEST(LoadOptions, TheTokenGoesToTheLoopbackOrWhereMetricsWereNamed) {
  const auto may = [](std::initializer_list<const char*> arguments) {
    return parse(arguments)->targets.at(0).metrics.at(0).gets_token;
  };
  EXPECT_TRUE(may({"run", "http://127.0.0.1:8080/"}));
  EXPECT_TRUE(may({"run", "http://localhost:8080/"}));
  EXPECT_FALSE(may({"run", "http://192.0.2.1:8080/"}));
  EXPECT_FALSE(may({"run", "http://127.0.0.1.example.org:8080/"}));
  EXPECT_TRUE(may({"run", "http://192.0.2.1:8080/", "--metrics", "http://192.0.2.1:8081/metrics"}));
}

TEST(LoadOptions, ARequestIsMadeOfMethodFieldsAndBody) {
  const auto options =
      parse({"run", "http://127.0.0.1:8080/a", "-X", "PUT", "-H", "Host: example.org", "-H",
             "Authorization: Bearer x", "-d", "{}", "--disable-keepalive", "--unix-socket", "/s"});
  ASSERT_TRUE(options) << options.error().text;
  const loadgen::Plan& plan = options->targets[0].plan;
  ASSERT_EQ(plan.messages.size(), 1u);
  EXPECT_EQ(plan.messages[0].method, "PUT");
  EXPECT_EQ(plan.messages[0].host, "example.org");
  EXPECT_EQ(plan.messages[0].target, "/a");
  EXPECT_EQ(plan.messages[0].headers.find("authorization"), "Bearer x");
  EXPECT_EQ(plan.messages[0].body, "{}");
  EXPECT_FALSE(plan.keep_alive);
  EXPECT_EQ(plan.unix_socket, "/s");
  expect_refused({"run", "http://127.0.0.1:8080/", "-H", "Connection: close"},
                 "-H: Connection cannot be set: the client sets it");
  expect_refused({"run", "http://127.0.0.1:8080/", "-d", "x", "--data-file", "y"},
                 "--data and --data-file cannot be used together");
  expect_refused({"run", "http://127.0.0.1:8080/", "--data-file", "/no/such"},
                 "--data-file: cannot read /no/such: No such file or directory");
  expect_refused({"run", "http://127.0.0.1:8080/", "--targets", "/tmp"},
                 "--targets: cannot read /tmp: Is a directory");
}

TEST(LoadOptions, HttpsIsTakenAndItsAuthoritiesAreChecked) {
  const auto options = parse({"run", "https://127.0.0.1/", "--insecure"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->targets[0].plan.url.port, 443);
  EXPECT_TRUE(options->targets[0].plan.tls);
  expect_refused({"run", "https://127.0.0.1/", "--cacert", "/no/such.pem"}, "/no/such.pem: ");
}

TEST(LoadOptions, MergeTakesReports) {
  const auto options = parse({"merge", "a.json", "b.json", "--threshold", "p99<1s", "--html", "all.html"});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->is_merge());
  EXPECT_TRUE(options->targets.empty());
  EXPECT_EQ(options->merge_files, (std::vector<std::string>{"a.json", "b.json"}));
  EXPECT_EQ(options->delivery.html_file, "all.html");
}

TEST(LoadOptions, TheVersionIsNotAnError) {
  const auto version = parse({"--version"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().exit_status, 0);
  EXPECT_TRUE(version.error().text.starts_with("leash-load 0.")) << version.error().text;
}

TEST(LoadOptions, HelpIsNotAnError) {
  for (const auto& help : {parse({"--help"}), parse({"run", "--help"}), parse({"compare", "--help"}),
                           parse({"merge", "--help"})}) {
    ASSERT_FALSE(help);
    EXPECT_EQ(help.error().exit_status, 0);
    EXPECT_NE(help.error().text.find("Exit status (the first that applies)"), std::string::npos);
  }
}

}  // namespace
