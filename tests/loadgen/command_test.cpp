// SPDX-License-Identifier: BSL-1.0
// leash-load against the real leash-server: what it finds, what it says, and how it ends.

#include <gtest/gtest.h>

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/server_process.hpp"
#include "tests/support/silent_listener.hpp"

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

TEST(LoadCommand, ReportsExactLeaksOfLeakyPattern) {
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
  EXPECT_NE(run.out.find("150 tasks (3.00 per request)"), std::string::npos) << run.out;
}

TEST(LoadCommand, UncanceledDeadlineIsLeakWithoutTask) {
  const ServerProcess server({"--mode", "leaky"});
  const std::string file = new_file();
  const Finished run = load({"run", server.url("/demo?pattern=timer"), "--metrics", metrics_of(server),
                             "--requests", "20", "--connections", "2", "--json", file});
  EXPECT_EQ(run.status, 3) << run.out << run.err;
  const auto figures = report_in(file)["server"];
  EXPECT_EQ(figures["tasks_after_drain"], 0);
  EXPECT_EQ(figures["timers_after_drain"].get<int>() - figures["timers_before"].get<int>(), 20);
}

TEST(LoadCommand, ScrapesServerRequiringToken) {
  const ServerProcess server({"--admin-token", "s3cret"});
  const auto run = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"run", server.url("/demo"), "--metrics", metrics_of(server), "--requests",
                               "10", "--warmup", "0", "--quiet"});
    return load(more);
  };
  EXPECT_EQ(run({"--admin-token", "s3cret"}).status, 0);
  const Finished without = run({});
  EXPECT_EQ(without.status, 5) << without.out;
  EXPECT_NE((without.out + without.err).find("401"), std::string::npos) << without.out << without.err;
  EXPECT_EQ(run({"--admin-token", "a\nb"}).status, 2);
}

TEST(LoadCommand, CompareSetsBothSideBySide) {
  const ServerProcess fixed;
  const ServerProcess leaky({"--mode", "leaky"});
  const std::string file = new_file();
  const Finished run = load({"compare", fixed.url("/demo"), leaky.url("/demo"), "--metrics-fixed",
                             metrics_of(fixed), "--metrics-leaky", metrics_of(leaky), "--rate", "200",
                             "--requests", "100", "--warmup", "100ms", "--json", file});
  EXPECT_EQ(run.status, 3) << run.out << run.err;
  const auto report = report_in(file);
  EXPECT_EQ(report["fixed"]["verdict"], "clean");
  EXPECT_EQ(report["leaky"]["verdict"], "leak");
  EXPECT_EQ(report["fixed"]["rate"]["asked"], 200);
  EXPECT_EQ(report["fixed"]["requests"]["ok"], 100);
  EXPECT_EQ(report["leaky"]["requests"]["ok"], 100);
  EXPECT_NE(run.out.find("after 100ms of warm-up\n~ marks the warm-up"), std::string::npos) << run.out;
}

TEST(LoadCommand, AbortingClientsCauseNoErrorsAndNoLeaks) {
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

TEST(LoadCommand, UnreachableTargetExitsWithFive) {
  const Finished run = load({"run", "http://127.0.0.1:1/"});
  EXPECT_EQ(run.status, 5);
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_NE(run.err.find("http://127.0.0.1:1/: Connection refused"), std::string::npos) << run.err;
  EXPECT_NE(run.out.find("unknown: the target cannot be reached: Connection refused (exit status 5)\n"),
            std::string::npos)
      << run.out;
}

TEST(LoadCommand, WithoutTheServersMetricsTheVerdictIsUnknown) {
  const ServerProcess server;
  const Finished run =
      load({"run", server.url("/healthz"), "--metrics", server.url("/healthz"), "--requests", "10"});
  EXPECT_EQ(run.status, 5) << run.out;
  EXPECT_NE(run.out.find("unknown"), std::string::npos) << run.out;
}

TEST(LoadCommand, ReportsUnwritableFileBeforeLoad) {
  const Finished run = load({"run", "http://127.0.0.1:1/", "--json", "/no/such/folder/run.json"});
  EXPECT_EQ(run.status, 2);
  EXPECT_NE(run.err.find("cannot write /no/such/folder/run.json: No such file or directory"),
            std::string::npos)
      << run.err;
}

TEST(LoadCommand, BadArgumentExitsWithTwo) {
  const Finished run = load({"run", "http://127.0.0.1:1/", "--rate", "fast"});
  EXPECT_EQ(run.status, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

// Of a run that goes on for a minute: once it has printed its first row, it is sent these signals.
Finished signalled_load(const ServerProcess& server, const std::string& signals) {
  const std::string script = R"(out=$(mktemp)
"$0" run "$1" --metrics "$2" --rate 100 --duration 60s --warmup 0 >"$out" &
for ((i = 0; i < 400; i++)); do grep -q ' 1s ' "$out" && break; sleep 0.05; done
for signal in )" + signals + R"(; do kill -"$signal" $!; sleep 0.2; done
wait $!; status=$?; cat "$out"; rm "$out"; exit $status)";
  return run_command({"bash", "-c", script, LEASH_LOAD_BINARY, server.url("/demo"), metrics_of(server)});
}

TEST(LoadCommand, SignalEndsLoadAndFinishedPartIsJudged) {
  const ServerProcess server;
  const Finished run = signalled_load(server, "INT");
  EXPECT_EQ(run.status, 0) << run.out << run.err;
  EXPECT_NE(run.out.find("The load was stopped by a signal after"), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find('~'), std::string::npos) << "no warm-up, no legend: " << run.out;
  EXPECT_NE(run.out.find("clean: no task, context or timer was left over"), std::string::npos) << run.out;
  EXPECT_NE(run.err.find("load stopped; waiting for the server to settle"), std::string::npos) << run.err;
}

TEST(LoadCommand, ASecondSignalGivesUpWaitingAndStillReports) {
  const ServerProcess server;
  const Finished run = signalled_load(server, "TERM HUP");
  EXPECT_EQ(run.status, 5) << run.out << run.err;
  EXPECT_NE(run.out.find("The load was stopped by a signal after"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("(exit status 5)\n"), std::string::npos) << run.out;
}

TEST(LoadCommand, WaitsForATargetToComeUp) {
  const Finished run = run_command({"bash", "-c", R"(file=$(mktemp -u)
"$0" run http://any/ --unix-socket "$file" --wait 20s --requests 2 --connections 1 --metrics none --quiet &
python3 - "$file" <<'PY'
import socket, sys, time
time.sleep(0.4)
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(8)
answered = 0
while answered < 2:
    peer, _ = server.accept()
    while b"\r\n\r\n" in peer.recv(65536):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        answered += 1
PY
wait $!; status=$?; rm -f "$file"; exit $status)",
                                    LEASH_LOAD_BINARY});
  EXPECT_EQ(run.status, 0) << run.out << run.err;
  EXPECT_NE(run.out.find("2 sent, 2 ok"), std::string::npos) << run.out;
}

TEST(LoadCommand, SignalEndsWaitInOneLine) {
  // The signal is sent when it has a handler.
  const Finished run = run_command({"bash", "-c", R"("$0" run http://127.0.0.1:1/ --wait 60s &
for ((i = 0; i < 400; i++)); do
  caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$!/status")
  ((16#$caught & 2)) && break
  sleep 0.05
done
kill -INT $!; wait $!)",
                                    LEASH_LOAD_BINARY});
  EXPECT_EQ(run.status, 5) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, "leash-load: stopped while waiting for http://127.0.0.1:1/; nothing was sent\n");
}

TEST(LoadCommand, StopWhenHopelessEndsLoad) {
  const ServerProcess server;
  const Finished run = load({"run", server.url("/no/such/route"), "--metrics", metrics_of(server), "--rate",
                             "50", "--duration", "60s", "--warmup", "0", "--threshold", "errors<=10",
                             "--stop-when-hopeless", "--quiet"});
  EXPECT_EQ(run.status, 5) << run.out << run.err;
  EXPECT_NE(run.out.find("errors<=10 can no longer be met"), std::string::npos) << run.out;
}

TEST(LoadCommand, MistypedAddressIsUnknownDespiteMetrics) {
  const ServerProcess server;
  for (const std::string& metrics : {metrics_of(server), std::string("none")}) {
    const std::string file = new_file();
    const Finished run = load({"run", server.url("/no/such/route"), "--metrics", metrics, "--requests", "20",
                               "--quiet", "--json", file});
    EXPECT_EQ(run.status, 5) << run.out << run.err;
    EXPECT_NE(run.out.find("unknown: none of 20 requests succeeded (exit status 5)\n"), std::string::npos)
        << run.out;
    const auto report = report_in(file);
    EXPECT_EQ(report["exit_status"], 5);
    EXPECT_EQ(report["verdict"], "unknown");
    EXPECT_EQ(report["headline"], "unknown: none of 20 requests succeeded");
  }
}

TEST(LoadCommand, CompareNotesSwappedServers) {
  const ServerProcess fixed;
  const ServerProcess leaky({"--mode", "leaky"});
  const Finished run =
      load({"compare", leaky.url("/demo"), fixed.url("/demo"), "--metrics-fixed", metrics_of(leaky),
            "--metrics-leaky", metrics_of(fixed), "--requests", "5", "--quiet"});
  EXPECT_EQ(run.status, 3) << run.out << run.err;
  EXPECT_NE(run.out.find("fixed: The server given as FIXED_URL reports that it is in leaky mode."),
            std::string::npos)
      << run.out;
}

TEST(LoadCommand, AMissedThresholdIsStatusFourAndIsNamed) {
  const ServerProcess server;
  const Finished run = load({"run", server.url("/demo?pattern=receive"), "--metrics", metrics_of(server),
                             "--requests", "20", "--threshold", "p50 < 1ms", "--threshold", "errors<=0"});
  EXPECT_EQ(run.status, 4) << run.out << run.err;
  EXPECT_NE(run.out.find("missed  p50<1ms    "), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("met     errors<=0  0\n"), std::string::npos) << run.out;
}

TEST(LoadCommand, WithoutALookAtTheServerOnlyTheThresholdsDecide) {
  const ServerProcess server;
  const Finished met = load(
      {"run", server.url("/healthz"), "--metrics", "none", "--requests", "20", "--threshold", "errors<=0"});
  EXPECT_EQ(met.status, 0) << met.out << met.err;
  EXPECT_EQ(met.out.find("\nServer\n"), std::string::npos) << met.out;
}

TEST(LoadCommand, AReportOnStandardOutputIsAloneThere) {
  const ServerProcess server;
  const Finished run =
      load({"run", server.url("/demo"), "--metrics", metrics_of(server), "--requests", "20", "--json", "-"});
  EXPECT_EQ(run.status, 0) << run.err;
  const auto report = nlohmann::json::parse(run.out, nullptr, false);
  ASSERT_FALSE(report.is_discarded()) << run.out;
  EXPECT_EQ(report["requests"]["ok"], 20);
  EXPECT_NE(run.err.find("Verdict"), std::string::npos) << run.err;
}

TEST(LoadCommand, RunsAreMergedIntoOneReportAndOneVerdict) {
  const ServerProcess server({"--mode", "leaky"});
  std::vector<std::string> files;
  for (const int requests : {30, 50}) {
    files.push_back(new_file() + std::to_string(requests));
    (void)load({"run", server.url("/demo?pattern=receive"), "--metrics", metrics_of(server), "--requests",
                std::to_string(requests), "--quiet", "--json", files.back()});
  }
  const std::string merged = new_file();
  const std::string page = merged + ".html";
  const Finished all =
      load({"merge", files[1], files[0], "--json", merged, "--html", page, "--threshold", "requests>=80"});
  EXPECT_EQ(all.status, 3) << all.out << all.err;
  EXPECT_NE(all.out.find("80 tasks (1.00 per request)"), std::string::npos) << all.out;
  EXPECT_NE(all.out.find("met     requests>=80  80\n"), std::string::npos) << all.out;
  const auto report = report_in(merged);
  EXPECT_EQ(report["runs"], 2);
  EXPECT_EQ(report["requests"]["ok"], 80);
  EXPECT_EQ(report["latency_histogram"]["count"], 80);
  std::ifstream html(page);
  const std::string text((std::istreambuf_iterator<char>(html)), {});
  EXPECT_NE(text.find("<b>leak</b>"), std::string::npos);
  std::remove(page.c_str());
  const Finished twice = load({"merge", files[0], files[1], files[0]});
  EXPECT_EQ(twice.status, 2);
  EXPECT_EQ(twice.err, "leash-load: " + files[0] + ": the same report was given twice\n");
  const Finished again = load({"merge", files[0], "/no/such/report.json"});
  EXPECT_EQ(again.status, 2);
  EXPECT_EQ(again.err, "leash-load: cannot read /no/such/report.json: No such file or directory\n");
  const Finished folder = load({"merge", files[0], "/tmp"});
  EXPECT_EQ(folder.status, 2);
  EXPECT_EQ(folder.err, "leash-load: cannot read /tmp: Is a directory\n");
  for (const auto& file : files) std::remove(file.c_str());
}

#ifndef LEASH_SANITIZED  // the sanitizers need descriptors themselves
TEST(LoadCommand, WithoutDescriptorsFailsInOneLine) {
  for (const char* limit : {"4", "5", "6", "7", "8"}) {
    const Finished run =
        run_command({"/bin/sh", "-c",
                     "exec 3>&- 4>&- 5>&- 6>&- 7>&-; ulimit -n \"$1\"; exec \"$0\" run http://127.0.0.1:1/",
                     LEASH_LOAD_BINARY, limit});
    EXPECT_EQ(run.status, 5) << limit << run.err;
    EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << limit << run.err;
    EXPECT_TRUE(run.err.starts_with("leash-load: ")) << limit << run.err;
  }
}
#endif

TEST(LoadCommand, ReportsLostReportWithoutHidingLeak) {
  const ServerProcess server({"--mode", "leaky"});
  const auto run = [&](const std::string& target, const std::string& more) {
    return run_command({"/bin/sh", "-c",
                        "\"$0\" run \"$1\" --metrics \"$2\" --requests 10 --warmup 0 --quiet " + more,
                        LEASH_LOAD_BINARY, server.url(target), metrics_of(server)});
  };
  const Finished clean = run("/healthz", "> /dev/full");
  EXPECT_EQ(clean.status, 2) << clean.err;
  EXPECT_EQ(clean.err, "leash-load: cannot write standard output: No space left on device\n");
  const Finished file = run("/healthz", "--json /dev/full");
  EXPECT_EQ(file.status, 2) << file.err;
  EXPECT_EQ(file.err, "leash-load: cannot write /dev/full: No space left on device\n");
  EXPECT_EQ(run("/demo?pattern=receive", "--json /dev/full").status, 3);
  const Finished page = run("/healthz", "--json /dev/full --html /dev/stdout");
  EXPECT_EQ(page.status, 2) << page.err;
  EXPECT_NE(page.out.find("<!doctype html>"), std::string::npos) << "the other report is written";
  const std::string both = new_file();
  const Finished same = run("/healthz", "--json " + both + " --html " + both);
  EXPECT_EQ(same.status, 2);
  EXPECT_EQ(same.err, "leash-load: " + both + ": cannot be both --json and --html\n");
  EXPECT_EQ(run("/healthz", "--json /dev/null --html /dev/null").status, 0);
  const Finished help = run_command({"/bin/sh", "-c", "\"$0\" --help > /dev/full", LEASH_LOAD_BINARY});
  EXPECT_EQ(help.status, 2) << help.err;
  EXPECT_EQ(help.err, "leash-load: cannot write standard output: No space left on device\n");
  const Finished closed = run("/healthz", ">&-");
  EXPECT_EQ(closed.status, 2) << closed.err;
  EXPECT_EQ(closed.err, "leash-load: cannot write standard output: Bad file descriptor\n");
}

TEST(LoadCommand, ReportsThatNoRequestSucceeded) {
  const ServerProcess server;
  const support::SilentListener silent;
  const Finished run =
      load({"run", "http://" + silent.url().authority() + "/", "--metrics", metrics_of(server), "--requests",
            "2", "--warmup", "0", "--timeout", "50ms", "--quiet"});
  EXPECT_EQ(run.status, 5) << run.out << run.err;
  EXPECT_NE(run.out.find("none of 2 requests succeeded"), std::string::npos) << run.out;
}

TEST(LoadCommand, ServesItsOwnMetricsWhileItRuns) {
  const ServerProcess server;
  const Finished run = run_command({"bash", "-c", R"(out=$(mktemp)
"$0" run "$1" --metrics "$2" --rate 100 --duration 3s --warmup 0 --quiet --prometheus-port 0 >"$out" &
for ((i = 0; i < 400; i++)); do
  url=$(sed -n 's/^own metrics: //p' "$out")
  [[ -n $url ]] && curl -sf "$url" | grep 'leash_load_requests_total.*outcome="ok"} [1-9]' && break
  sleep 0.05
done
wait $!)",
                                    LEASH_LOAD_BINARY, server.url("/demo"), metrics_of(server)});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("leash_load_requests_total{target=\"" + server.url("/demo") + "\""),
            std::string::npos)
      << run.out;
}

}  // namespace
