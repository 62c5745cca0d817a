// SPDX-License-Identifier: BSL-1.0
#include "cli/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace cli {
namespace {

using namespace std::chrono_literals;

// What is said of these arguments; empty: nothing.
std::string said(CLI::App& app, std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "program");
  const auto message = parse(app, static_cast<int>(arguments.size()), arguments.data());
  return message ? std::to_string(message->exit_status) + ": " + message->text : "";
}

TEST(CommandLine, ErrorListsCommands) {
  CLI::App app("", "program");
  app.add_subcommand("run", "");
  app.add_subcommand("merge", "");
  app.require_subcommand(1);
  EXPECT_EQ(said(app, {"rum"}), "2: 'rum' is not a command; the commands are run, merge");
  EXPECT_EQ(said(app, {}), "2: a command is missing; the commands are run, merge");
  EXPECT_EQ(said(app, {"run"}), "");
}

TEST(CommandLine, ErrorNamesUnknownArgument) {
  CLI::App app("", "program");
  app.add_subcommand("run", "");
  app.require_subcommand(1);
  EXPECT_EQ(said(app, {"--fast"}), "2: '--fast' is not an argument of program; see --help");
  EXPECT_EQ(said(app, {"run", "--fast"}), "2: '--fast' is not an argument of program run; see --help");
}

TEST(CommandLine, ErrorsAreSentences) {
  CLI::App app("", "program");
  std::string text;
  bool flag = false;
  app.add_option("FILE", text)->required()->type_name("");
  auto* rate = app.add_option("-r,--rate", text)->type_name("N");
  auto* stages = app.add_option("--stages", text)->excludes(rate);
  app.add_option("--host", text)->needs(stages);
  app.add_flag("--quiet", flag);
  EXPECT_EQ(said(app, {}), "2: the argument FILE is missing; see --help");
  EXPECT_EQ(said(app, {"a", "--rate"}), "2: --rate needs a value");
  EXPECT_EQ(said(app, {"a", "-r"}), "2: --rate needs a value");
  EXPECT_EQ(said(app, {"a", "--rate", "1", "--rate", "2"}), "2: --rate is given more than once");
  EXPECT_EQ(said(app, {"a", "--rate", "1", "--stages", "2"}),
            "2: --rate and --stages cannot be used together");
  EXPECT_EQ(said(app, {"a", "--host", "b"}), "2: --host needs --stages");
  EXPECT_EQ(said(app, {"a", "--quiet=maybe"}), "2: --quiet: must be true or false, not 'maybe'");
}

TEST(CommandLine, OnlyCommandIsNamed) {
  CLI::App app("", "program");
  app.add_subcommand("healthcheck", "");
  EXPECT_EQ(said(app, {"health"}), "2: 'health' is not a command; the only command is healthcheck");
}

TEST(CommandLine, ChoiceCheckListsChoices) {
  CLI::App app("", "program");
  std::string mode;
  app.add_option("--mode", mode)->check(choice_check({"leaky", "fixed"}));
  EXPECT_EQ(said(app, {"--mode", "slow"}), "2: --mode: must be one of leaky, fixed, not 'slow'");
  EXPECT_EQ(said(app, {"--mode", "fixed"}), "");
}

TEST(CommandLine, HelpDescribesNamedCommand) {
  CLI::App app("all of it", "program");
  app.add_subcommand("run", "one of it");
  EXPECT_THAT(said(app, {"--help"}), testing::StartsWith("0: all of it"));
  EXPECT_THAT(said(app, {"--help"}), testing::HasSubstr("\nCommands:\n  run "));
  EXPECT_THAT(said(app, {"run", "--help"}), testing::StartsWith("0: one of it"));
}

TEST(CommandLine, ChecksNameTheOptionAndTheRange) {
  CLI::App app("", "program");
  std::string time;
  std::string count;
  std::string size;
  app.add_option("--time", time)->check(duration_check(10ms, 1h));
  app.add_option("--count", count)->check(count_check(1, 9));
  app.add_option("--size", size)->check(size_check());
  EXPECT_EQ(said(app, {"--time", "9ms"}), "2: --time: must be at least 10ms");
  EXPECT_EQ(said(app, {"--time", "2h"}), "2: --time: must be at most 1h");
  EXPECT_EQ(said(app, {"--count", "0"}), "2: --count: must be a whole number from 1 to 9, not '0'");
  EXPECT_THAT(said(app, {"--size", "1KB"}), testing::StartsWith("2: --size: size '1KB' is not valid"));
  EXPECT_EQ(said(app, {"--time", "20ms", "--count", "9", "--size", "8KiB"}), "");
  EXPECT_EQ(duration_of(time), 20ms);
}

}  // namespace
}  // namespace cli
