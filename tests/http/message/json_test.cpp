// SPDX-License-Identifier: BSL-1.0
#include "http/message/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace http {
namespace {

std::string nested(std::size_t depth, const std::string& inside = "") {
  return std::string(depth, '[') + inside + std::string(depth, ']');
}

TEST(Json, KeepsMemberOrder) {
  EXPECT_EQ(parse_json(R"({"b":1,"a":[true,null,"\u00e4"]})").dump(),
            "{\"b\":1,\"a\":[true,null,\"\xc3\xa4\"]}");
}

TEST(Json, DiscardsInvalidText) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1}x", "'a'", "\xff", "nul"}) {
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
  }
}

TEST(Json, IsTakenUpToADepthAndNotBeyond) {
  EXPECT_EQ(parse_json(nested(most_json_depth, "1")).dump(), nested(most_json_depth, "1"));
  EXPECT_TRUE(parse_json(nested(most_json_depth + 1)).is_discarded());
  std::string objects;
  for (std::size_t i = 0; i <= most_json_depth; ++i) objects += "{\"a\":";
  EXPECT_TRUE(parse_json(objects + "1" + std::string(most_json_depth + 1, '}')).is_discarded());
  EXPECT_TRUE(parse_json("[1," + nested(most_json_depth) + "]").is_discarded());
}

TEST(Json, DiscardsUnfinishedTextOfAnyDepth) {
  EXPECT_TRUE(parse_json(std::string(1'000'000, '[')).is_discarded());
  EXPECT_TRUE(parse_json(nested(1'000'000)).is_discarded());
}

TEST(Json, BracketsInStringsAreNotCounted) {
  const std::string text = R"(["\"\\)" + std::string(most_json_depth, '[') + R"("])";
  EXPECT_EQ(parse_json(text).dump(), text);
}

TEST(Json, LimitsNamesPerObject) {
  const auto object = [](std::size_t names) {
    std::string text = "{";
    for (std::size_t i = 0; i < names; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + R"(:":{"a":1})";
    return text + "}";
  };
  EXPECT_EQ(parse_json(object(most_json_names)).size(), most_json_names);
  EXPECT_TRUE(parse_json(object(most_json_names + 1)).is_discarded());
  EXPECT_EQ(parse_json("[" + object(most_json_names) + "," + object(most_json_names) + "]").size(), 2u);
}

// Takes time proportional to the text. With a callback of the parser, or without the limit on names, it would take
// minutes.
TEST(Json, OfManyValuesIsReadAtOnce) {
  std::string arrays = "[";
  for (int i = 0; i < 500'000; ++i) arrays += "{},";
  EXPECT_EQ(parse_json(arrays + "0]").size(), 500'001u);
  std::string names = "{";
  for (int i = 0; i < 500'000; ++i) names += "\"" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse_json(names + "\"a\":0}").is_discarded());
}

}  // namespace
}  // namespace http
