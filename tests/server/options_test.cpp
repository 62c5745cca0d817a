#include "server/options.hpp"

#include <gtest/gtest.h>

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
  EXPECT_EQ(options->request_timeout, 2s);
  EXPECT_EQ(options->drain_timeout, 15s);
  EXPECT_EQ(options->leak_limit, 1024u * 1024 * 1024);
  EXPECT_EQ(options->leak_payload, 16u * 1024);
  EXPECT_EQ(options->limits.body_bytes, 1024u * 1024);
}

TEST(Options, AreReadWithTheirUnits) {
  const auto options = parse({"--request-timeout", "250ms", "--max-body", "2MiB", "--mode", "leaky",
                              "--leak-limit", "0", "--half-close", "allow"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->request_timeout, 250ms);
  EXPECT_EQ(options->limits.body_bytes, 2u * 1024 * 1024);
  EXPECT_EQ(options->mode, server::Mode::leaky);
  EXPECT_EQ(options->leak_limit, 0u);
  EXPECT_FALSE(options->half_close_cancels);
}

}  // namespace
