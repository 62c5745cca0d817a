#include "loadgen/pacer.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

TEST(Pacer, RequestsAreDueOnAFixedGrid) {
  const leash::TimePoint start{1h};
  const loadgen::Pacer pacer(start, 300);
  EXPECT_EQ(pacer.due(0), start);
  EXPECT_EQ(pacer.due(3), start + 10ms);
  EXPECT_EQ(pacer.due(300), start + 1s);
}

TEST(Pacer, DoesNotDriftOverAMillionRequestsAtARateThatDividesNothing) {
  const leash::TimePoint start{};
  const loadgen::Pacer pacer(start, 7);
  EXPECT_EQ(pacer.due(7'000'000), start + 1'000'000s);
}

TEST(Pacer, ARateBelowOneASecondIsPossible) {
  const leash::TimePoint start{};
  EXPECT_EQ(loadgen::Pacer(start, 0.001).due(2), start + 2000s);
}

}  // namespace
