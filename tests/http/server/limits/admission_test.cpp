// SPDX-License-Identifier: BSL-1.0
#include "http/server/limits/admission.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/support/in_process_server.hpp"

namespace {

using http::server::Admission;

TEST(Admission, StopsCountingEvictedConnections) {
  support::InProcessServer server({});
  http::server::Worker& worker = server.worker;
  asio::io_context& io = worker.loop().io();
  const Admission admission({&worker}, 2);
  admission.make_room(1);
  EXPECT_FALSE(admission.is_full());
  support::Connected first;
  support::Connected second;
  for (support::Connected* each : {&first, &second}) {
    worker.adopt(http::server::UniqueFd(std::exchange(each->accepted, -1)), AF_INET);
  }
  EXPECT_TRUE(admission.is_full()) << "also before they are served";
  const auto waits = [&] { return worker.waiting.longest() && worker.waiting.longest()->next(); };
  ASSERT_TRUE(support::step_until(io, server.steps, waits));

  admission.make_room(1);
  EXPECT_TRUE(support::step_until(io, server.steps, [&] { return !admission.is_full(); }));
  EXPECT_EQ(admission.connections(), 1u);
  EXPECT_TRUE(support::step_until(io, server.steps, [&] { return worker.open.load() == 1; }));
  EXPECT_EQ(admission.connections(), 1u) << "not twice";
  EXPECT_EQ(worker.metrics().evicted.get(), 1u);
  char byte = 0;
  EXPECT_EQ(::recv(first.client, &byte, 1, MSG_DONTWAIT), 0) << "it came first";
  EXPECT_LT(::recv(second.client, &byte, 1, MSG_DONTWAIT), 0);

  admission.make_room(100);
  EXPECT_TRUE(support::step_until(io, server.steps, [&] { return worker.open.load() == 0; }));
  EXPECT_EQ(worker.metrics().evicted.get(), 2u);
  server.expect_nothing_left();
}

}  // namespace
