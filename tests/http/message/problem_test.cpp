// SPDX-License-Identifier: BSL-1.0
#include "http/message/problem.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace http {
namespace {

TEST(Problem, HasTheMembersOfTheStandardAndTheCause) {
  const Response response = problem(504, "It took \"too\" long.", "deadline");
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(std::string_view(response.content_type), "application/problem+json");
  EXPECT_EQ(nlohmann::json::parse(response.body), (nlohmann::json{{"type", "about:blank"},
                                                                  {"title", "Gateway Timeout"},
                                                                  {"status", 504},
                                                                  {"detail", "It took \"too\" long."},
                                                                  {"cause", "deadline"}}));
}

TEST(Problem, LeavesOutAnEmptyCause) {
  EXPECT_FALSE(nlohmann::json::parse(problem(400, "x").body).contains("cause"));
}

TEST(Problem, ReplacesInvalidUtf8) {
  EXPECT_EQ(nlohmann::json::parse(problem(400, "a\xff").body).at("detail"), "a\xef\xbf\xbd");
}

}  // namespace
}  // namespace http
