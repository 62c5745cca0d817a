// SPDX-License-Identifier: BSL-1.0
#include "server/cure.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "server/patterns/pattern.hpp"

namespace server {
namespace {

constexpr PatternSource example{"example", "server/patterns/example.cpp",
                                "// Explains.\n"
                                "leash::Task<> work_leaky(int n) {\n"
                                "  // of the leaky one\n"
                                "  co_await first(n);\n"
                                "  co_await wait();\n"
                                "}\n"
                                "\n"
                                "leash::Task<> work_fixed(int n) {\n"
                                "  co_await first(n);\n"
                                "  co_await wait(ctx);\n"
                                "  co_return;\n"
                                "}\n"};

std::string text_of(const std::vector<DiffLine>& diff) {
  std::string text;
  for (const DiffLine& line : diff) {
    text += std::string(1, line.sign) + std::to_string(line.number) + std::string(line.text) + "\n";
  }
  return text;
}

TEST(Cure, ListsDifferingLines) {
  EXPECT_EQ(text_of(cure(example)),
            "-5  co_await wait();\n"
            "+10  co_await wait(ctx);\n"
            "+11  co_return;\n");
}

TEST(Cure, FindsALineByItsNumber) {
  EXPECT_EQ(line_of(example, 1), "// Explains.");
  EXPECT_EQ(line_of(example, 4), "co_await first(n);");
  EXPECT_EQ(line_of(example, 12), "}");
  EXPECT_EQ(line_of(example, 13), "");
  EXPECT_EQ(line_of(example, 1000), "");
  EXPECT_EQ(line_of({"none", "none.cpp", ""}, 1), "");
}

TEST(Cure, IsThereForEveryPattern) {
  for (const Pattern& pattern : patterns()) {
    const auto sources = pattern_sources();
    const auto source = std::ranges::find(sources, pattern.name, &PatternSource::pattern);
    ASSERT_NE(source, sources.end()) << pattern.name;
    const std::vector<DiffLine> diff = cure(*source);
    EXPECT_GT(std::ranges::count(diff, '-', &DiffLine::sign), 0) << pattern.name;
    EXPECT_GT(std::ranges::count(diff, '+', &DiffLine::sign), 0) << pattern.name;
  }
}

TEST(Cure, QuotesWhereTasksStartedAndWait) {
  const PatternSource& source = *find_source("server/patterns/send.cpp");
  leash::TaskGroup group;
  group.count = 700;
  group.oldest.site = {"send_leaky", std::string(source.file), 32};
  group.oldest.frames = {{"send", "leash/channel.hpp", 5}, {"replica_leaky", std::string(source.file), 17}};
  leash::Dump leaked;
  leaked.entries = {group, group};
  const std::string text = cures_to_text(leaked, {});
  EXPECT_TRUE(text.starts_with("send\n  1,400 leaked tasks, started at server/patterns/send.cpp:32\n      " +
                               std::string(line_of(source, 32)) +
                               "\n  they wait at server/patterns/send.cpp:17\n      " +
                               std::string(line_of(source, 17)) + "\n"))
      << text;
  EXPECT_NE(text.find("\n    - "), text.npos);
  EXPECT_NE(text.find("\n    + "), text.npos);
}

TEST(Cure, NoLeakSaysSo) { EXPECT_EQ(cures_to_text({}, {}), "nothing has leaked\n"); }

TEST(Cure, IsJsonForPages) {
  const auto json = nlohmann::json::parse(cures_to_json());
  ASSERT_EQ(json.at("patterns").size(), pattern_sources().size());
  for (const auto& pattern : json.at("patterns")) {
    for (const auto& line : pattern.at("cure")) {
      EXPECT_EQ(line.at("text"), pattern.at("lines").at(line.at("line").get<std::size_t>() - 1));
    }
  }
}

}  // namespace
}  // namespace server
