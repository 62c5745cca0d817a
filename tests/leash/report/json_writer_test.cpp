// SPDX-License-Identifier: BSL-1.0
#include "leash/src/report/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

namespace {

using leash::detail::JsonWriter;

TEST(JsonWriter, WritesObjectsArraysAndValues) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("whole", -3).member("large", std::numeric_limits<std::uint64_t>::max());
  json.member("real", 0.25).member("true", true).member("text", "a").key("nothing").null();
  json.key("empty").begin_array().end_array().key("object").begin_object().end_object();
  json.key("list").list(std::vector<int>{1, 2}).key("raw").raw("[{}]");
  json.key("pairs").begin_array();
  for (int i = 0; i < 2; ++i) json.begin_object().member("i", i).end_object();
  json.end_array().end_object();
  EXPECT_EQ(text,
            R"({"whole":-3,"large":18446744073709551615,"real":0.25,"true":true,"text":"a","nothing":null,)"
            R"("empty":[],"object":{},"list":[1,2],"raw":[{}],"pairs":[{"i":0},{"i":1}]})");
}

TEST(JsonWriter, AppendsToExistingText) {
  std::string text = "event: ";
  JsonWriter(text).begin_array().value(1).value(2).end_array();
  EXPECT_EQ(text, "event: [1,2]");
}

TEST(JsonWriter, EscapesTextAndReplacesInvalidUtf8) {
  for (const std::string& each : {std::string("\"\\/"), std::string("line\nnext\ttab"),
                                  std::string("\0\x1f\x7f", 3), std::string("ä€😀"), std::string()}) {
    std::string text;
    JsonWriter(text).begin_object().member(each, each).end_object();
    const auto read = nlohmann::json::parse(text);
    EXPECT_EQ(read.begin().key(), each) << text;
    EXPECT_EQ(read.begin().value(), each) << text;
  }
  std::string text;
  JsonWriter(text).value("a\xff");
  EXPECT_EQ(text, "\"a\xef\xbf\xbd\"");
}

TEST(JsonWriter, WritesNanInfinityAndMissingValuesAsNull) {
  std::string text;
  JsonWriter json(text);
  json.begin_array().value(std::numeric_limits<double>::quiet_NaN());
  json.value(std::numeric_limits<double>::infinity()).value(std::optional<int>()).value(std::optional(1.5));
  json.value(3.0).value(1e300).end_array();
  EXPECT_EQ(text, "[null,null,null,1.5,3.0,1e+300]");
}

}  // namespace
