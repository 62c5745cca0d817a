// SPDX-License-Identifier: BSL-1.0
#include "client/command/options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace std::chrono_literals;
using client::GetCommand;
using client::ModeCommand;
using client::PageCommand;
using client::ReapCommand;
using client::TasksCommand;

std::expected<client::Command, cli::Message> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "leash-client");
  return client::parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

template <class Wanted>
Wanted parsed(std::vector<const char*> arguments) {
  auto command = parse(std::move(arguments));
  EXPECT_TRUE(command) << command.error().text;
  if (!command || !std::holds_alternative<Wanted>(*command)) return {};
  return std::get<Wanted>(*command);
}

void expect_usage_error(std::vector<const char*> arguments, const std::string& says) {
  const auto command = parse(std::move(arguments));
  ASSERT_FALSE(command) << says;
  EXPECT_EQ(command.error().exit_status, 2);
  EXPECT_NE(command.error().text.find(says), std::string::npos) << command.error().text;
  EXPECT_EQ(command.error().text.find('\n'), std::string::npos) << command.error().text;
}

TEST(ClientOptions, OfGet) {
  const auto get = parsed<GetCommand>({"get", "http://127.0.0.1:8080/demo?x=y", "--timeout", "500ms",
                                       "--abort-after", "50ms", "-H", "A: b", "--header", "C:d", "--max-body",
                                       "1KiB", "-i", "--fail", "--json"});
  EXPECT_EQ(get.url.port, 8080);
  EXPECT_EQ(get.url.target, "/demo?x=y");
  EXPECT_EQ(get.message.method, "GET");
  EXPECT_EQ(get.timeout, 500ms);
  EXPECT_EQ(get.abort_after, 50ms);
  EXPECT_EQ(get.message.headers.find("a"), "b");
  EXPECT_EQ(get.message.headers.find("c"), "d");
  EXPECT_EQ(get.most_bytes, 1024u);
  EXPECT_TRUE(get.include_head && get.fail && get.json);
  EXPECT_EQ(parsed<GetCommand>({"get", "-H", "A: b", "http://a/x", "--fail"}).url.target, "/x");
}

TEST(ClientOptions, BodyDefaultsToPost) {
  EXPECT_EQ(parsed<GetCommand>({"get", "http://a/", "-d", "x"}).message.method, "POST");
  EXPECT_EQ(parsed<GetCommand>({"get", "http://a/", "-d", ""}).message.method, "POST");
  EXPECT_EQ(parsed<GetCommand>({"get", "http://a/", "-d", "x", "-X", "PUT"}).message.method, "PUT");
  EXPECT_EQ(parsed<GetCommand>({"get", "http://a/", "-d", "x"}).message.body, "x");
}

TEST(ClientOptions, OfMode) {
  EXPECT_EQ(parsed<ModeCommand>({"mode"}).change_to, "");
  EXPECT_EQ(parsed<ModeCommand>({"mode", "leaky"}).change_to, "leaky");
}

TEST(ClientOptions, OfTasksAndLeaks) {
  const auto tasks = parsed<TasksCommand>(
      {"tasks", "--site", "a.cpp", "--name", "n", "--state", "orphan", "--min-age", "0", "--limit", "7"});
  EXPECT_FALSE(tasks.only_leaked);
  EXPECT_EQ(tasks.filter.site, "a.cpp");
  EXPECT_EQ(tasks.filter.name, "n");
  EXPECT_EQ(tasks.filter.state, "orphan");
  EXPECT_EQ(tasks.filter.min_age, 0s);
  EXPECT_EQ(tasks.filter.limit, 7);
  EXPECT_FALSE(tasks.every);
  EXPECT_TRUE(parsed<TasksCommand>({"leaks"}).only_leaked);
  EXPECT_TRUE(parsed<TasksCommand>({"leaks", "--stacks"}).stacks);
}

TEST(ClientOptions, WatchHasAnIntervalAndADefault) {
  EXPECT_EQ(parsed<TasksCommand>({"tasks", "--watch"}).every, 2s);
  EXPECT_EQ(parsed<TasksCommand>({"tasks", "-w", "500ms"}).every, 500ms);
  EXPECT_EQ(parsed<TasksCommand>({"tasks", "--watch", "--site", "x"}).every, 2s);
  EXPECT_EQ(parsed<TasksCommand>({"leaks", "--watch=1m", "--json"}).every, 1min);
}

TEST(ClientOptions, OfReap) {
  const auto reap = parsed<ReapCommand>({"reap", "--site", "x", "--limit", "3", "--json"});
  EXPECT_EQ(reap.filter.site, "x");
  EXPECT_EQ(reap.filter.limit, 3);
  EXPECT_TRUE(reap.admin.json);
}

TEST(ClientOptions, OfTheAdminListener) {
  const auto mode = parsed<ModeCommand>(
      {"mode", "--admin", "http://host:9/prefix/", "--admin-token", "secret", "--timeout", "1s"});
  EXPECT_EQ(mode.admin.url.host, "host");
  EXPECT_EQ(mode.admin.url.port, 9);
  EXPECT_EQ(mode.admin.url.target, "/prefix");
  EXPECT_EQ(mode.admin.token, "secret");
  EXPECT_EQ(mode.admin.timeout, 1s);
  EXPECT_EQ(parsed<ModeCommand>({"mode"}).admin.url.port, 8081);
}

TEST(ClientOptions, TakesTheAdminListenerFromTheEnvironment) {
  ::setenv("LEASH_ADMIN", "http://elsewhere:1234", 1);
  ::setenv("LEASH_ADMIN_TOKEN", "secret", 1);
  const auto reap = parsed<ReapCommand>({"reap"});
  const auto given = parsed<ReapCommand>({"reap", "--admin", "http://given:1"});
  ::unsetenv("LEASH_ADMIN");
  ::unsetenv("LEASH_ADMIN_TOKEN");
  EXPECT_EQ(reap.admin.url.host, "elsewhere");
  EXPECT_EQ(reap.admin.token, "secret");
  EXPECT_EQ(given.admin.url.host, "given");
}

TEST(ClientOptions, TakesOptionsBeforeAndAfterTheCommand) {
  const auto before = parsed<TasksCommand>(
      {"--admin", "http://a:1", "--admin-token", "t", "--timeout", "2s", "--json", "leaks", "--limit", "3"});
  EXPECT_EQ(before.admin.url.host, "a");
  EXPECT_EQ(before.admin.token, "t");
  EXPECT_EQ(before.admin.timeout, 2s);
  EXPECT_TRUE(before.admin.json);
  EXPECT_EQ(parsed<TasksCommand>({"--admin", "http://a:1", "leaks", "--admin", "http://b:1"}).admin.url.host,
            "b");
  const auto get = parsed<GetCommand>({"--timeout", "2s", "--json", "get", "http://a/"});
  EXPECT_EQ(get.timeout, 2s);
  EXPECT_TRUE(get.json);
  EXPECT_EQ(parsed<GetCommand>({"get", "http://a/"}).timeout, 30s);
  ::setenv("LEASH_ADMIN", "http://elsewhere:1234", 1);
  EXPECT_EQ(parsed<ReapCommand>({"--admin", "http://a:1", "reap"}).admin.url.host, "a");
  ::unsetenv("LEASH_ADMIN");
}

TEST(ClientOptions, AdminTakesAUnixSocket) {
  const auto mode = parsed<ModeCommand>({"mode", "--admin", "unix:/run/a.sock"});
  EXPECT_EQ(mode.admin.unix_socket, "/run/a.sock");
  EXPECT_EQ(mode.admin.address(), "unix:/run/a.sock");
  expect_usage_error({"mode", "--admin", "unix:"}, "--admin: unix: needs a path");
}

TEST(ClientOptions, ContextsAndTreeArePages) {
  EXPECT_EQ(parsed<PageCommand>({"contexts"}).path, "/debug/contexts");
  EXPECT_EQ(parsed<PageCommand>({"coroutines"}).path, "/debug/coroutines");
  const auto tree = parsed<PageCommand>({"tree", "--limit", "7", "--json"});
  EXPECT_EQ(tree.path, "/debug/tree");
  EXPECT_EQ(tree.limit, 7);
  EXPECT_TRUE(tree.admin.json);
  EXPECT_FALSE(tree.fail || tree.every);
  for (const char* page : {"contexts", "coroutines", "tree"}) {
    EXPECT_TRUE(parsed<PageCommand>({page, "--fail"}).fail);
    EXPECT_EQ(parsed<PageCommand>({page, "--watch"}).every, 2s);
    EXPECT_EQ(parsed<PageCommand>({page, "-w", "500ms"}).every, 500ms);
    expect_usage_error({page, "--fail", "--watch"}, "--watch and --fail cannot be used together");
    expect_usage_error({page, "--watch", "1ms"}, "at least 100ms");
  }
}

TEST(ClientOptions, FailExcludesWatch) {
  EXPECT_TRUE(parsed<TasksCommand>({"leaks", "--fail"}).fail);
  EXPECT_TRUE(parsed<TasksCommand>({"tasks", "--fail", "--json"}).fail);
  EXPECT_FALSE(parsed<TasksCommand>({"leaks", "--fail"}).fail_if_stray);
  EXPECT_TRUE(parsed<TasksCommand>({"leaks", "--fail=stray"}).fail_if_stray);
  EXPECT_FALSE(parsed<TasksCommand>({"leaks"}).fail);
  expect_usage_error({"leaks", "--fail=detached"}, "--fail: ");
  expect_usage_error({"leaks", "--fail", "--watch"}, "--watch and --fail cannot be used together");
}

TEST(ClientOptions, ReportUsageErrors) {
  expect_usage_error({"gett"},
                     "the commands are get, mode, tasks, leaks, contexts, coroutines, tree, reap, ps");
  expect_usage_error({"get"}, "URL");
  expect_usage_error({"get", "ftp://a/"}, "ftp");
  expect_usage_error({"get", "http://a/", "--timeout", "5 parsecs"}, "--timeout");
  expect_usage_error({"get", "http://a/", "--timeout", "0"}, "greater than 0");
  expect_usage_error({"get", "http://a/", "--max-body", "lots"}, "--max-body");
  expect_usage_error({"get", "http://a/", "-H", "no colon"}, "Name: value");
  expect_usage_error({"get", "http://a/", "-H", "a b: c"}, "is not a valid header name");
  expect_usage_error({"get", "http://a/", "-H", "A: b\r\nX: y"}, "control character");
  expect_usage_error({"get", "http://a/", "-H", "content-length: 3"}, "cannot be set: the client sets it");
  expect_usage_error({"get", "http://a/", "-H", "Host: a b"}, "is not a host");
  expect_usage_error({"get", "http://a/", "-X", "G T"}, "is not a method");
  expect_usage_error({"get", "http://a/", "-X", "CONNECT"}, "CONNECT");
  expect_usage_error({"mode", "leeky"}, "leeky");
  for (const char* wrong : {"localhost:8081", "", "/run/a.sock"})
    expect_usage_error({"mode", "--admin", wrong},
                       "--admin: must be a URL such as http://127.0.0.1:8081, or unix:PATH");
  expect_usage_error({"mode", "--admin", "https://a"}, "https is not supported");
  expect_usage_error({"mode", "--admin", "http://a/?b"}, "must not have a query");
  expect_usage_error({"mode", "--admin-token", "a\nb"}, "control character");
  expect_usage_error({"tasks", "--state", "lost"}, "--state");
  expect_usage_error({"tasks", "--limit", "0"}, "--limit");
  expect_usage_error({"tasks", "--watch", "1ms"}, "at least 100ms");
  expect_usage_error({"tasks", "--watch", "--stacks"}, "--watch");
  expect_usage_error({"tasks", "--stacks", "--json"}, "--stacks");
  expect_usage_error({"leaks", "--state", "leaked"}, "--state");
  expect_usage_error({"reap", "--watch"}, "--watch");
}

TEST(ClientOptions, TheVersionIsNotAnError) {
  const auto version = parse({"--version"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().exit_status, 0);
  EXPECT_TRUE(version.error().text.starts_with("leash-client 0.")) << version.error().text;
}

TEST(ClientOptions, HelpOfEachCommandNamesItsOptionsAndTheExitStatuses) {
  const auto expect_help = [](std::vector<const char*> arguments, const std::vector<const char*>& named) {
    const auto command = parse(std::move(arguments));
    ASSERT_FALSE(command);
    EXPECT_EQ(command.error().exit_status, 0);
    for (const char* name : named) {
      EXPECT_NE(command.error().text.find(name), std::string::npos) << name << " in " << command.error().text;
    }
    EXPECT_NE(command.error().text.find("Exit status:\n  0    success"), std::string::npos);
  };
  expect_help({"--help"}, {"get", "mode", "tasks", "leaks", "reap"});
  expect_help({"get", "--help"}, {"--timeout", "--abort-after", "--header", "--data", "--fail", "--json"});
  expect_help({"mode", "--help"}, {"--admin", "--admin-token", "LEASH_ADMIN", "--json"});
  expect_help({"tasks", "--help"},
              {"--site", "--name", "--state", "--min-age", "--limit", "--watch", "--stacks"});
  expect_help({"leaks", "--help"}, {"--site", "--watch"});
  expect_help({"reap", "--help"}, {"--site", "--min-age", "--limit", "--json"});
}

}  // namespace
