// SPDX-License-Identifier: BSL-1.0
#include "process/memory_limit.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

namespace fs = std::filesystem;
using process::memory_limit_bytes;

constexpr std::uint64_t mebibyte = 1024 * 1024;

// A file system of control groups, made up in a folder.
class MemoryLimit : public testing::Test {
 protected:
  MemoryLimit() {
    std::string name = (fs::temp_directory_path() / "leash-groups-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~MemoryLimit() override { fs::remove_all(folder_); }

  void put(const fs::path& file, const std::string& text) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text << "\n";
  }
  std::uint64_t limit() const { return memory_limit_bytes(folder_ / "self", folder_ / "groups"); }

  fs::path folder_;
};

TEST_F(MemoryLimit, EqualsMachineMemoryWithoutControlGroups) {
  const auto machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  EXPECT_EQ(limit(), machine);
  put("self", "0::/");
  put("groups/memory.max", "max");
  EXPECT_EQ(limit(), machine);
}

TEST_F(MemoryLimit, OfContainerIsLimitOfItsVisibleRoot) {
  put("self", "0::/");
  put("groups/memory.max", std::to_string(64 * mebibyte));
  EXPECT_EQ(limit(), 64 * mebibyte);
}

TEST_F(MemoryLimit, IsSmallestOfGroupAndItsAncestors) {
  put("self", "0::/pods/one");
  put("groups/pods/memory.max", std::to_string(32 * mebibyte));
  put("groups/pods/one/memory.max", std::to_string(48 * mebibyte));
  EXPECT_EQ(limit(), 32 * mebibyte);
  put("groups/pods/one/memory.max", std::to_string(16 * mebibyte));
  EXPECT_EQ(limit(), 16 * mebibyte);
}

TEST_F(MemoryLimit, FindsVersionOneControlGroupByController) {
  put("self", "5:cpu,cpuacct:/docker/1\n4:hugetlb,memory:/docker/1\n0::/elsewhere");
  put("groups/memory/memory.limit_in_bytes", "9223372036854771712");
  put("groups/memory/docker/1/memory.limit_in_bytes", std::to_string(24 * mebibyte));
  EXPECT_EQ(limit(), 24 * mebibyte);
}

TEST_F(MemoryLimit, OfThisProcessIsNotAboveTheMachines) {
  EXPECT_GT(memory_limit_bytes(), 0u);
  EXPECT_LE(memory_limit_bytes(), memory_limit_bytes(folder_ / "self", folder_ / "groups"));
}

}  // namespace
