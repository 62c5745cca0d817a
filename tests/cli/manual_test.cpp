// SPDX-License-Identifier: BSL-1.0
#include "cli/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace {

using testing::HasSubstr;

void describe(CLI::App& app, std::string& value) {
  app.set_version_flag("--version", "leash-thing 1.2");
  app.footer("Exit status: 0.");
  CLI::App& run = *app.add_subcommand("run", "runs it");
  run.add_option("URL", value, "where")->required();
  run.add_option("-r,--rate", value, "how fast")->type_name("N")->envname("RATE")->default_str("5");
}

TEST(Manual, PageListsCommandsAndOptions) {
  CLI::App app("Does it.\n  .dotted line", "leash-thing");
  std::string value;
  describe(app, value);
  const std::string page = cli::man_page(app);
  EXPECT_THAT(page, HasSubstr(".TH LEASH\\-THING 1 \"\" \"leash\\-thing 1.2\"\n"));
  EXPECT_THAT(page, HasSubstr("leash\\-thing \\- Does it.\n"));
  EXPECT_THAT(page, HasSubstr("  .dotted line\n"));
  EXPECT_THAT(page, HasSubstr(".SS run\nruns it\n"));
  EXPECT_THAT(page, HasSubstr("\\-\\-rate N\nhow fast\nDefault: 5.\nEnvironment variable: RATE.\n"));
  EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS AND SIGNALS\n.nf\nExit status: 0.\n"));
}

TEST(Manual, CompletionOffersCommandsAndOptions) {
  CLI::App app("", "leash-thing");
  std::string value;
  describe(app, value);
  const std::string file = testing::TempDir() + "completion-" + std::to_string(::getpid());
  std::ofstream(file) << cli::bash_completion(app);
  const auto completed = [&](const std::string& words, int at) {
    const std::string command = "bash -c '. " + file + "; COMP_WORDS=(" + words +
                                "); COMP_CWORD=" + std::to_string(at) +
                                "; _leash_thing; echo -n \"${COMPREPLY[*]}\"'";
    std::FILE* bash = ::popen(command.c_str(), "r");
    std::string out;
    for (int c = std::fgetc(bash); c != EOF; c = std::fgetc(bash)) out += static_cast<char>(c);
    EXPECT_EQ(::pclose(bash), 0);
    return out;
  };
  EXPECT_EQ(completed("leash-thing r", 1), "run");
  EXPECT_EQ(completed("leash-thing run --r", 2), "--rate");
  EXPECT_EQ(completed("leash-thing --h", 1), "--help");
  std::remove(file.c_str());
}

}  // namespace
