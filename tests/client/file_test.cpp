// SPDX-License-Identifier: BSL-1.0
#include "client/file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace {

using client::read_file;

TEST(ReadFile, ReturnsAllBytes) {
  const std::string path = "/tmp/leash-file-" + std::to_string(::getpid());
  const std::string text = std::string(100'000, 'x') + '\0' + "\r\n";
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(read_file(path), text);
  std::remove(path.c_str());
  EXPECT_EQ(read_file("/dev/null"), "");
}

TEST(ReadFile, ErrorNamesFileAndReason) {
  EXPECT_EQ(read_file("/no/such").error(), "cannot read /no/such: No such file or directory");
  EXPECT_EQ(read_file("/tmp").error(), "cannot read /tmp: Is a directory");
}

}  // namespace
