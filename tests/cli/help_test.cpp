// SPDX-License-Identifier: BSL-1.0
#include "cli/help.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace {

TEST(Help, WrapsDescriptionsAndListsConditionsLast) {
  CLI::App app("", "program");
  app.formatter(std::make_shared<cli::HelpFormatter>());
  std::string value;
  auto* rate =
      app.add_option("--rate", value, "Send so many requests per second, no matter how fast the server is")
          ->type_name("N")
          ->envname("RATE");
  app.add_option("--stages", value, "Send in stages (default none)")->type_name("STAGES")->excludes(rate);
  EXPECT_THAT(app.help(), testing::StartsWith(R"(Usage: program [OPTIONS]

Options:
  -h,--help                   Print this help message and exit
  --rate N                    Send so many requests per second, no matter how
                              fast the server is (not with --stages;
                              environment: RATE)
  --stages STAGES             Send in stages (default none; not with --rate)
)"));
}

TEST(Help, WrapsWhatStandsAroundTheOptions) {
  const std::string words = "one two three four five six seven eight nine ten eleven twelve thirteen";
  CLI::App app("  " + words + " fourteen", "program");
  app.formatter(std::make_shared<cli::HelpFormatter>());
  app.footer(words + " fourteen fifteen");
  app.add_subcommand("run", words);
  const std::string help = app.help();
  EXPECT_EQ(
      help.find(
          "  one two three four five six seven eight nine ten eleven twelve thirteen\n  fourteen\n\nUsage: "),
      0u);
  EXPECT_NE(help.find("  run                         one two three four five six seven eight nine ten\n"
                      "                              eleven twelve thirteen\n"),
            std::string::npos)
      << help;
  EXPECT_TRUE(help.ends_with("twelve thirteen\nfourteen fifteen\n")) << help;
}

TEST(Help, NamesArgumentsAndCommandsPlainly) {
  CLI::App app("all of it", "program");
  app.formatter(std::make_shared<cli::HelpFormatter>());
  std::string file;
  app.add_option("FILE", file, "The file")->required()->type_name("");
  app.require_subcommand(1);
  app.add_subcommand("run", "Run it");
  const std::string help = app.help();
  EXPECT_EQ(help.find("all of it\n\nUsage: program [OPTIONS] FILE COMMAND\n"), 0u) << help;
  EXPECT_NE(help.find("\nArguments:\n  FILE                        The file\n"), std::string::npos) << help;
}

}  // namespace
