// SPDX-License-Identifier: BSL-1.0
#include "server/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace {

using namespace std::chrono_literals;

std::expected<server::Options, int> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "leash-server");
  return server::parse_options(static_cast<int>(words.size()), words.data());
}

TEST(Options, HaveTheDocumentedDefaults) {
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->host, "127.0.0.1");
  EXPECT_EQ(options->port, 8080);
  EXPECT_EQ(options->admin_port, 8081);
  EXPECT_EQ(options->mode, server::Mode::fixed);
  EXPECT_EQ(options->serving.request_timeout, 2s);
  EXPECT_EQ(options->drain_timeout, 15s);
  EXPECT_EQ(options->leak_limit, 1024u * 1024 * 1024);
  EXPECT_EQ(options->leak_payload, 16u * 1024);
  EXPECT_EQ(options->heap_rate, 4u * 1024);
  EXPECT_EQ(options->serving.limits.body_bytes, 1024u * 1024);
}

TEST(Options, AreReadWithTheirUnits) {
  const auto options = parse({"--request-timeout", "250ms", "--max-body", "2MiB", "--mode", "leaky",
                              "--leak-limit", "0", "--half-close", "allow", "--heap-rate", "1MiB"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->serving.request_timeout, 250ms);
  EXPECT_EQ(options->serving.limits.body_bytes, 2u * 1024 * 1024);
  EXPECT_EQ(options->mode, server::Mode::leaky);
  EXPECT_EQ(options->leak_limit, 0u);
  EXPECT_EQ(options->heap_rate, 1024u * 1024);
  EXPECT_FALSE(options->serving.half_close_cancels);
}

TEST(Options, SetAccessRules) {
  EXPECT_TRUE(parse({})->request_mode);
  EXPECT_FALSE(parse({"--no-request-mode"})->request_mode);
  EXPECT_EQ(parse({})->admin_token, "");
  EXPECT_EQ(parse({"--admin-token", "s3cret"})->admin_token, "s3cret");
  EXPECT_EQ(parse({"--admin-token", "two words"}).error(), 2);
  EXPECT_EQ(parse({"--admin-token", ""}).error(), 2) << "rather than an open door";
  ::setenv("LEASH_ADMIN_TOKEN", "", 1);
  EXPECT_EQ(parse({}).error(), 2);
  ::unsetenv("LEASH_ADMIN_TOKEN");
  EXPECT_EQ(parse({"--admin-names", "leash,tasks.leash"})->admin_names,
            (std::vector<std::string>{"leash", "tasks.leash"}));
  EXPECT_EQ(parse({"--admin-names", "leash,,b"}).error(), 2);
}

TEST(Options, SayHowToLog) {
  EXPECT_EQ(parse({})->log_level, server::LogLevel::info);
  EXPECT_EQ(parse({"--log-level", "debug", "--log-format", "json"})->log_level, server::LogLevel::debug);
  EXPECT_EQ(parse({"--log-format", "json"})->log_format, server::LogFormat::json);
}

TEST(Options, RefuseZeroForEssentialLimits) {
  for (const char* option :
       {"--request-timeout", "--header-timeout", "--body-timeout", "--idle-timeout", "--write-timeout",
        "--max-request-line", "--max-head", "--max-fields", "--max-connections", "--max-in-flight"}) {
    const auto options = parse({option, "0"});
    ASSERT_FALSE(options) << option;
    EXPECT_EQ(options.error(), 2) << option;
  }
  EXPECT_TRUE(parse({"--max-body", "0", "--drain-timeout", "0", "--drain-delay", "0", "--leak-limit", "0"}));
}

TEST(Options, RefuseMemoryBudgetBelowMinimum) {
  EXPECT_FALSE(parse({})->memory_budget);
  EXPECT_FALSE(parse({"--memory-budget", "auto"})->memory_budget);
  EXPECT_EQ(parse({"--memory-budget", "1MiB"})->memory_budget, 1024u * 1024);
  for (const char* less : {"0", "1", "1023KiB"}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(parse({"--memory-budget", less}).error(), 2);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::HasSubstr(std::string("--memory-budget: must be auto or at least 1MiB, not '") +
                                   less + "'\n"));
  }
}

TEST(Options, NameAnUpstream) {
  EXPECT_FALSE(parse({})->upstream);
  const auto options = parse({"--upstream", "http://10.0.0.7:81", "--upstream-timeout", "250ms"});
  EXPECT_EQ(options->upstream->host, "10.0.0.7");
  EXPECT_EQ(options->upstream->port, 81);
  EXPECT_EQ(options->upstream_timeout, 250ms);
  EXPECT_EQ(parse({"--upstream", "https://10.0.0.7"}).error(), 2);
}

TEST(Options, GoWithHealthcheckToo) {
  EXPECT_FALSE(parse({})->healthcheck);
  for (const auto& words : {std::vector<const char*>{"healthcheck", "--port", "81"},
                            std::vector<const char*>{"--port", "81", "healthcheck"}}) {
    const auto options = parse(words);
    ASSERT_TRUE(options);
    EXPECT_TRUE(options->healthcheck);
    EXPECT_EQ(options->port, 81);
  }
  EXPECT_EQ(parse({"healthcheck", "--port", "0"}).error(), 2);
}

}  // namespace
