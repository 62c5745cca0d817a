// SPDX-License-Identifier: BSL-1.0
#include "process/process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>

namespace {

TEST(Process, MetricsAreThoseOfThisProcess) {
  const process::Metrics before = process::metrics();
  EXPECT_GT(before.resident_bytes, 1024u * 1024);
#ifndef LEASH_SANITIZED  // the sanitizers' allocators do not tell
  EXPECT_GT(before.heap_bytes, 0u);
#endif
  EXPECT_GE(before.threads, 1u);
  EXPECT_GT(before.max_fds, before.open_fds);
  EXPECT_NEAR(before.start_time_seconds, static_cast<double>(std::time(nullptr)), 3600.0);
  EXPECT_LE(before.start_time_seconds, static_cast<double>(std::time(nullptr)) + 1);
}

TEST(Process, AnOpenedFileIsCounted) {
  const auto before = process::metrics().open_fds;
  const int fd = ::dup(STDERR_FILENO);
  EXPECT_EQ(process::metrics().open_fds, before + 1);
  ::close(fd);
  EXPECT_EQ(process::metrics().open_fds, before);
}

}  // namespace
