// SPDX-License-Identifier: BSL-1.0
// leash-client as users run it: its output, one clear line per error, and its exit status.

#include "client/command/command.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/fault_proxy.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/silent_listener.hpp"

namespace {

using support::FaultProxy;
using support::Faults;
using support::Finished;
using support::Script;
using support::ServerProcess;

Finished leash_client(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), LEASH_CLIENT_BINARY);
  return support::run_command(arguments);
}
Finished in_a_shell(const std::string& arguments, const std::string& rest) {
  return support::run_command({"/bin/sh", "-c", LEASH_CLIENT_BINARY " " + arguments + rest});
}

std::string local(std::uint16_t port, const std::string& target = "") {
  return "http://127.0.0.1:" + std::to_string(port) + target;
}
std::vector<std::string> with_admin(const ServerProcess& server, std::vector<std::string> arguments) {
  arguments.push_back("--admin");
  arguments.push_back(local(server.admin_port()));
  return arguments;
}

void expect_failure(const Finished& finished, int status, const std::string& says) {
  EXPECT_EQ(finished.status, status) << finished.err;
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  EXPECT_TRUE(finished.err.starts_with("leash-client: ")) << finished.err;
  EXPECT_NE(finished.err.find(says), std::string::npos) << finished.err;
}

// A server for one request.
class OneReply {
 public:
  OneReply(const std::string& status, const std::string& body)
      : reply_("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
               body),
        thread_([this] { serve(); }) {}
  std::string url() const { return local(acceptor_.local_endpoint().port()); }
  std::string request() const { return request_.get(); }  // waits for it

 private:
  void serve() {
    std::error_code error;
    asio::ip::tcp::socket socket(io_);
    acceptor_.accept(socket, error);
    std::string head;
    asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", error);
    asio::write(socket, asio::buffer(reply_), error);
    received_.set_value(head);
  }

  const std::string reply_;
  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  std::promise<std::string> received_;
  std::shared_future<std::string> request_{received_.get_future()};
  std::jthread thread_;
};

std::uint16_t nobodys_port() {
  const FaultProxy gone(1, Script());
  return gone.port();
}

// Leaves three leaked tasks: two with one stack, and one with another.
void leak(const ServerProcess& server) {
  EXPECT_EQ(server.get("/demo?pattern=send&fanout=3&latency=1ms&mode=leaky").status, 200);
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms&mode=leaky").status, 200);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 3));
}

TEST(GetCommand, PrintsTheBody) {
  const ServerProcess server;
  const Finished got = leash_client({"get", server.url("/backend?payload=4&latency=0")});
  EXPECT_EQ(got.status, 0);
  EXPECT_EQ(got.out, "xxxx\n");
  EXPECT_EQ(got.err, "");
}

TEST(GetCommand, PrintsHeadWithIncludeOrHead) {
  const ServerProcess server;
  const Finished got = leash_client({"get", "-i", server.url("/healthz")});
  EXPECT_TRUE(got.out.starts_with("HTTP/1.1 200 OK\n")) << got.out;
  EXPECT_TRUE(got.out.ends_with("\n\n{\"status\":\"alive\"}\n")) << got.out;
  const Finished head = leash_client({"get", "-X", "HEAD", server.url("/healthz")});
  EXPECT_TRUE(head.out.starts_with("HTTP/1.1 200 OK\n")) << head.out;
  EXPECT_FALSE(head.out.contains("alive")) << head.out;
}

TEST(GetCommand, SendsABodyAndFields) {
  const ServerProcess server;
  const Finished got =
      leash_client({"get", server.url("/echo"), "-d", "hello", "-H", "X-Request-Timeout-Ms: 0"});
  EXPECT_TRUE(got.out.contains("504")) << got.out;  // the field has arrived: no time
  EXPECT_EQ(leash_client({"get", server.url("/echo"), "-d", "hello"}).out, "hello");
}

TEST(GetCommand, TellsAllInJson) {
  const ServerProcess server;
  const Finished got = leash_client({"get", "--json", server.url("/healthz")});
  EXPECT_EQ(got.status, 0);
  for (const char* part : {"\"url\": \"http://", "\"status\": 200", "\"Content-Type\": \"application/json\"",
                           "\"body\": \"{\\\"status\\\"", "\"elapsed_ms\": "}) {
    EXPECT_NE(got.out.find(part), std::string::npos) << part << " in " << got.out;
  }
}

TEST(GetCommand, AnHttpErrorIsAFailureOnlyWhenAskedFor) {
  const ServerProcess server;
  EXPECT_EQ(leash_client({"get", server.url("/nowhere")}).status, 0);
  const Finished failed = leash_client({"get", "--fail", server.url("/nowhere")});
  expect_failure(failed, 22, "404 Not Found");
  EXPECT_TRUE(failed.out.contains("\"status\":404")) << failed.out;
}

TEST(GetCommand, SaysWhyThereIsNoResponse) {
  const std::string nobody = local(nobodys_port());
  expect_failure(leash_client({"get", nobody}), 1, nobody + ": Connection refused");
  const Finished json = leash_client({"get", "--json", nobody});
  expect_failure(json, 1, "Connection refused");
  EXPECT_TRUE(json.out.contains("\"error\": \"Connection refused\"")) << json.out;
}

TEST(GetCommand, ExplainsBadResponse) {
  const ServerProcess server;
  Faults garbage;
  garbage.then = Faults::Then::garbage;
  const FaultProxy noise(server.port(), Script{.to_client = garbage});
  expect_failure(leash_client({"get", local(noise.port(), "/healthz")}), 1,
                 "the server's response is not valid HTTP: ");
  Faults cut;
  cut.then = Faults::Then::cut;
  cut.after = 30;
  const FaultProxy scissors(server.port(), Script{.to_client = cut});
  expect_failure(leash_client({"get", local(scissors.port(), "/healthz")}), 1,
                 "before the response was complete");
  expect_failure(leash_client({"get", server.url("/backend?payload=100&latency=0"), "--max-body", "99"}), 1,
                 "is too large: The body is larger than the limit (--max-body 99)");
  // A server without TLS answers a handshake in plain text.
  const std::string address = server.url("/healthz");
  expect_failure(leash_client({"get", "https" + address.substr(4)}), 1,
                 "the server does not speak TLS (use http://): wrong version number");
}

TEST(GetCommand, GivesUpInTime) {
  const ServerProcess server;
  Faults silence;
  silence.then = Faults::Then::half_open;
  const FaultProxy proxy(server.port(), Script{.to_client = silence});
  expect_failure(leash_client({"get", local(proxy.port()), "--timeout", "50ms"}), 4, "no answer within 50ms");
}

TEST(GetCommand, LeavesInTheMiddleWhenTold) {
  const ServerProcess server;
  const Finished left = leash_client({"get", server.url("/backend?latency=1m"), "--abort-after", "50ms"});
  expect_failure(left, 0, "aborted after 50ms (--abort-after)");
  EXPECT_TRUE(server.metric_becomes("http_requests_total", "code=\"499\"", 1));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
  const Finished json =
      leash_client({"get", "--json", server.url("/backend?latency=1m"), "--abort-after", "50ms"});
  EXPECT_EQ(json.status, 0);
  EXPECT_TRUE(json.out.contains("\"aborted\": true")) << json.out;
}

TEST(GetCommand, EndsOnASignal) {
  const ServerProcess server;
  const Finished ended =
      support::run_command({"timeout", "--preserve-status", "-s", "TERM", "0.2", LEASH_CLIENT_BINARY, "get",
                            server.url("/backend?latency=1m")});
  EXPECT_EQ(ended.status, 143);
  EXPECT_EQ(ended.err, "");
}

TEST(GetCommand, SurvivesInheritedIgnoredSignal) {
  const support::SilentListener silent;
  const support::Finished run =
      support::run_command({"/bin/sh", "-c",
                            "trap '' HUP; \"$0\" get \"$1\" --timeout 500ms & for i in 1 2 3 4 5; do kill "
                            "-HUP $!; sleep 0.05; done; wait $!",
                            LEASH_CLIENT_BINARY, "http://" + silent.url().authority() + "/"});
  EXPECT_EQ(run.status, 4) << run.err;
}

TEST(GetCommand, ReportsUnwritableStandardOutput) {
  const ServerProcess server;
  expect_failure(in_a_shell("get " + server.url("/healthz"), " > /dev/full"), 5, "No space left on device");
}

TEST(ModeCommand, TellsAndChangesTheMode) {
  const ServerProcess server;
  EXPECT_EQ(leash_client(with_admin(server, {"mode"})).out, "fixed\n");
  EXPECT_EQ(leash_client(with_admin(server, {"mode", "leaky"})).out, "leaky\n");
  EXPECT_EQ(leash_client(with_admin(server, {"mode", "--json"})).out, "{\n  \"mode\": \"leaky\"\n}\n");
}

TEST(TasksCommand, ListsTasksBySiteAndWaitPoint) {
  const ServerProcess server;
  leak(server);
  const Finished leaks = leash_client(with_admin(server, {"leaks"}));
  EXPECT_EQ(leaks.status, 0);
  EXPECT_TRUE(leaks.out.starts_with("count  wait          oldest ")) << leaks.out;
  EXPECT_TRUE(leaks.out.contains("\n    2  chan send ")) << leaks.out;
  EXPECT_TRUE(leaks.out.contains("\n    1  chan receive ")) << leaks.out;
  EXPECT_TRUE(leaks.out.contains("server/patterns/send.cpp:")) << leaks.out;
  EXPECT_TRUE(leaks.out.ends_with("; 3 listed, 3 of them leaked\n")) << leaks.out;
  EXPECT_FALSE(leaks.out.contains("\x1b")) << leaks.out;
  const Finished tasks = leash_client(with_admin(server, {"tasks"}));
  EXPECT_TRUE(tasks.out.contains("server/listener.cpp")) << tasks.out;
  EXPECT_TRUE(tasks.out.ends_with(" live, 3 leaked\n")) << tasks.out;
}

TEST(TasksCommand, Filters) {
  const ServerProcess server;
  leak(server);
  const Finished by_site = leash_client(with_admin(server, {"leaks", "--site", "receive.cpp"}));
  EXPECT_TRUE(by_site.out.ends_with("; 1 listed, 1 of them leaked\n")) << by_site.out;
  const Finished by_name =
      leash_client(with_admin(server, {"tasks", "--name", "replica 2", "--state", "leaked"}));
  EXPECT_TRUE(by_name.out.ends_with("; 1 listed, 1 of them leaked\n")) << by_name.out;
  const Finished by_age = leash_client(with_admin(server, {"leaks", "--min-age", "1h"}));
  EXPECT_TRUE(by_age.out.ends_with("; 0 listed, 0 of them leaked\n")) << by_age.out;
  const Finished limited = leash_client(with_admin(server, {"leaks", "--limit", "1"}));
  EXPECT_TRUE(limited.out.contains("not listed: 1 task beyond the limit")) << limited.out;
  const Finished odd = leash_client(with_admin(server, {"leaks", "--site", "a&b=c d%"}));
  EXPECT_EQ(odd.status, 0) << odd.err;
}

TEST(TasksCommand, PrintsStacksAndJson) {
  const ServerProcess server;
  leak(server);
  const Finished stacks = leash_client(with_admin(server, {"leaks", "--stacks"}));
  EXPECT_TRUE(stacks.out.contains("replica_leaky        server/patterns/send.cpp:")) << stacks.out;
  const Finished json = leash_client(with_admin(server, {"leaks", "--json"}));
  EXPECT_TRUE(json.out.starts_with("{\n  \"schema\": 1,")) << json.out;
  EXPECT_TRUE(json.out.contains("\"matched\": 3")) << json.out;
}

TEST(TasksCommand, WatchesIntoPipeUntilReaderCloses) {
  const ServerProcess server;
  const std::string admin = "--admin " + local(server.admin_port());
  const Finished lines = in_a_shell("tasks --watch 100ms " + admin, " | head -n 9");
  EXPECT_EQ(lines.status, 0);
  EXPECT_EQ(lines.err, "");
  EXPECT_EQ(std::ranges::count(lines.out, '\n'), 9) << lines.out;
  EXPECT_TRUE(lines.out.contains("count  +/-  state")) << lines.out;  // from the second table on
  const Finished json = in_a_shell("tasks --json --watch 100ms " + admin, " | head -n 2");
  EXPECT_TRUE(json.out.starts_with("{\"schema\":1,")) << json.out;
  EXPECT_EQ(std::ranges::count(json.out, '\n'), 2) << json.out;
}

TEST(TasksCommand, FailOptionFailsOnLeak) {
  const ServerProcess server;
  EXPECT_EQ(leash_client(with_admin(server, {"leaks", "--fail"})).status, 0);
  leak(server);
  EXPECT_EQ(leash_client(with_admin(server, {"leaks", "--fail"})).status, 3);
  EXPECT_EQ(leash_client(with_admin(server, {"tasks", "--fail", "--json"})).status, 3);
  EXPECT_EQ(leash_client(with_admin(server, {"leaks"})).status, 0);
}

TEST(TasksCommand, FailOptionFailsOnOutlivedContext) {
  const ServerProcess server({"--mode", "leaky"});
  EXPECT_EQ(server.get("/demo?pattern=timer&latency=0").status, 200);
  ASSERT_TRUE(server.metric_becomes("leash_contexts_outlived", "", 1));
  const Finished failed = leash_client(with_admin(server, {"leaks", "--fail"}));
  expect_failure(failed, 3, "1 context outlived");
  EXPECT_EQ(leash_client(with_admin(server, {"leaks", "--fail", "--site", "elsewhere"})).status, 0);
  EXPECT_EQ(leash_client(with_admin(server, {"tasks", "--fail=stray", "--json"})).status, 3);
}

TEST(PageCommand, PrintsContextsAndTheTree) {
  const ServerProcess server;
  const Finished contexts = leash_client(with_admin(server, {"contexts"}));
  EXPECT_EQ(contexts.status, 0) << contexts.err;
  EXPECT_NE(contexts.out.find("contexts that are not done"), std::string::npos) << contexts.out;
  const Finished coroutines = leash_client(with_admin(server, {"coroutines"}));
  EXPECT_EQ(coroutines.status, 0) << coroutines.err;
  EXPECT_EQ(coroutines.out, "0 of 0 coroutines\n");
  const Finished tree = leash_client(with_admin(server, {"tree"}));
  EXPECT_EQ(tree.status, 0) << tree.err;
  EXPECT_NE(tree.out.find("loop"), std::string::npos) << tree.out;
  const Finished json = leash_client(with_admin(server, {"tree", "--json", "--limit", "1"}));
  EXPECT_EQ(json.status, 0) << json.err;
  EXPECT_TRUE(json.out.starts_with("{")) << json.out;
}

TEST(ReapCommand, EndsLeakedTasks) {
  const ServerProcess server;
  leak(server);
  EXPECT_EQ(leash_client(with_admin(server, {"reap", "--site", "receive.cpp"})).out, "ended 1 task\n");
  const Finished json = leash_client(with_admin(server, {"reap", "--json"}));
  EXPECT_TRUE(json.out.contains("\"ended\": 2")) << json.out;
  EXPECT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 0));
  EXPECT_EQ(leash_client(with_admin(server, {"reap"})).out, "ended 0 tasks\n");
}

TEST(AdminCommands, ExplainFailureAndRemedy) {
  const ServerProcess server;
  for (const char* command : {"mode", "tasks", "leaks", "reap"}) {
    expect_failure(leash_client({command, "--admin", local(server.port())}), 22,
                   "404 Not Found: --admin must be");
    expect_failure(leash_client({command, "--admin", local(nobodys_port())}), 1, "Connection refused");
    const Finished json = leash_client({command, "--json", "--admin", local(nobodys_port())});
    expect_failure(json, 1, "Connection refused");
    EXPECT_TRUE(json.out.contains("\"error\": \"Connection refused\"")) << json.out;
  }
  Faults silence;
  silence.then = Faults::Then::half_open;
  const FaultProxy proxy(server.admin_port(), Script{.to_server = silence});
  expect_failure(leash_client({"mode", "--admin", local(proxy.port()), "--timeout", "50ms"}), 4,
                 "no answer within 50ms");
}

TEST(AdminCommands, SendTheTokenOfTheirOptionsOrTheEnvironment) {
  const OneReply given("200 OK", R"({"mode":"fixed"})");
  EXPECT_EQ(leash_client({"mode", "--admin", given.url(), "--admin-token", "secret"}).out, "fixed\n");
  EXPECT_TRUE(given.request().contains("\r\nAuthorization: Bearer secret\r\n"));
  const OneReply from_environment("200 OK", R"({"mode":"fixed"})");
  ::setenv("LEASH_ADMIN_TOKEN", "whisper", 1);
  EXPECT_EQ(leash_client({"mode", "--admin", from_environment.url()}).status, 0);
  ::unsetenv("LEASH_ADMIN_TOKEN");
  EXPECT_TRUE(from_environment.request().contains("\r\nAuthorization: Bearer whisper\r\n"));
  const OneReply refuses("401 Unauthorized", "{}");
  expect_failure(leash_client({"mode", "--admin", refuses.url()}), 22, "--admin-token");
  EXPECT_FALSE(refuses.request().contains("Authorization"));
}

TEST(AdminCommands, PassOnServerErrorMessage) {
  const OneReply problem("400 Bad Request", R"({"detail":"This is \u001bwrong."})");
  expect_failure(leash_client({"mode", "--admin", problem.url()}), 22, "400 Bad Request: This is ?wrong.");
  const OneReply silent("503 Service Unavailable", "");
  expect_failure(leash_client({"reap", "--admin", silent.url()}), 22, "/debug/reap: 503 Service Unavailable");
}

#ifndef LEASH_SANITIZED  // the sanitizers need descriptors themselves
TEST(Command, WithoutDescriptorsFailsInOneLine) {
  for (const char* limit : {"4", "5", "6", "7", "8"}) {
    const Finished run = support::run_command(
        {"/bin/sh", "-c",
         "exec 3>&- 4>&- 5>&- 6>&- 7>&-; ulimit -n \"$1\"; exec \"$0\" mode leaky --admin http://127.0.0.1:1",
         LEASH_CLIENT_BINARY, limit});
    expect_failure(run, 1, "leash-client: ");
  }
}
#endif

TEST(AdminCommands, UnreachableServerErrorNamesOption) {
  const std::string nobody = local(nobodys_port());
  expect_failure(leash_client({"mode", "--admin", nobody}), 1,
                 nobody +
                     "/mode: Connection refused; check that the server is running and that --admin (a URL or "
                     "unix:PATH) is the address of its admin listener");
  expect_failure(leash_client({"leaks", "--watch", "--admin", "unix:/no/such"}), 1,
                 "unix:/no/such /debug/leaks?format=json: No such file or directory; check that");
}

TEST(AdminCommands, ReportClosedStandardOutput) {
  const ServerProcess server;
  for (const char* command : {"tasks", "mode", "tree"}) {
    const Finished run = support::run_command({"/bin/sh", "-c", "\"$0\" \"$1\" --admin \"$2\" >&-",
                                               LEASH_CLIENT_BINARY, command, local(server.admin_port())});
    EXPECT_EQ(run.status, 5) << command;
    EXPECT_EQ(run.err, "leash-client: cannot write standard output: Bad file descriptor\n") << command;
  }
}

TEST(AdminCommands, EndlessResponseIsRefused) {
  const OneReply deep("200 OK", std::string(300'000, '[') + std::string(300'000, ']'));
  expect_failure(leash_client({"tasks", "--json", "--admin", deep.url()}), 22, "not the task list");
}

TEST(AdminCommands, RefuseOtherServers) {
  for (const char* command : {"mode", "tasks", "leaks", "reap"}) {
    const OneReply page("200 OK", "<html>");
    expect_failure(leash_client({command, "--admin", page.url()}), 22, "the response is not");
  }
  const OneReply page("200 OK", "<html>");
  expect_failure(leash_client({"tasks", "--json", "--admin", page.url()}), 22, "not the task list");
  const OneReply another("200 OK", "<html>");
  expect_failure(leash_client({"leaks", "--stacks", "--admin", another.url()}), 22, "not the report");
  const OneReply nothing("200 OK", "");
  expect_failure(leash_client({"leaks", "--stacks", "--admin", nothing.url()}), 22, "not the report");
  for (const char* command : {"contexts", "coroutines", "tree"}) {
    for (const char* option : {"--json", "--limit=1"}) {
      const OneReply json("200 OK", "{}");
      const Finished run = leash_client({command, option, "--admin", json.url()});
      expect_failure(run, 22, "not the report of an inspector");
    }
  }
}

}  // namespace
