// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include "leash/dump.hpp"
#include "leash/gtest.hpp"
#include "leash/json.hpp"
#include "leash/prometheus.hpp"
#include "site.hpp"

#if __has_include("http/message/message.hpp") || __has_include("server/server.hpp") || \
                                                               __has_include("units/size.hpp")
#  error "what is not public is on the include path"
#endif

TEST(Site, IsRelative) {
  leash::expect_leaks();  // the task that it looks at
  EXPECT_EQ(reported_site_is("site.hpp"), 0);
}

TEST(Adapters, Link) {
  asio::io_context io{1};
  leash::Loop loop{io};
  EXPECT_EQ(leash::to_json(leash::take_dump(loop)).at("live"), 0);
  leash::PrometheusCollector collector;
  collector.add(loop);
  EXPECT_FALSE(collector.Collect().empty());
  leash::verify_none(loop);
}

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  leash::watch_tests();
  return RUN_ALL_TESTS();
}
