#include "http/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace http {
namespace {

std::string nested(std::size_t depth, const std::string& inside = "") {
  return std::string(depth, '[') + inside + std::string(depth, ']');
}

TEST(Json, KeepsTheOrderOfWhatWasWritten) {
  EXPECT_EQ(parse_json(R"({"b":1,"a":[true,null,"\u00e4"]})").dump(),
            "{\"b\":1,\"a\":[true,null,\"\xc3\xa4\"]}");
}

TEST(Json, WhatIsNoneIsDiscarded) {
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

TEST(Json, ThatOnlyBeginsIsDiscardedHoweverDeep) {
  EXPECT_TRUE(parse_json(std::string(1'000'000, '[')).is_discarded());
  EXPECT_TRUE(parse_json(nested(1'000'000)).is_discarded());
}

TEST(Json, ManyShallowArraysAreFine) {
  std::string text = "[";
  for (int i = 0; i < 10'000; ++i) text += "[[]],";
  text += "0]";
  EXPECT_EQ(parse_json(text).size(), 10'001u);
}

}  // namespace
}  // namespace http
