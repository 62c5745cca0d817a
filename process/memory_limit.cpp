// SPDX-License-Identifier: BSL-1.0
#include "process/memory_limit.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

namespace process {
namespace {

namespace fs = std::filesystem;

// The smallest limit of the group and of all groups that contain it. In a container, its own group may be the root of
// the file system although its path is that of the host, so unreadable files are skipped.
std::uint64_t smallest(std::uint64_t limit, const fs::path& root, const fs::path& group, const char* file) {
  fs::path at = root;
  const auto read = [&] {
    std::uint64_t value = 0;
    if (std::ifstream(at / file) >> value) limit = std::min(limit, value);  // not a number: "max"
  };
  read();
  for (const fs::path& part : group.relative_path()) {
    at /= part;
    read();
  }
  return limit;
}

}  // namespace

std::uint64_t machine_memory_bytes() noexcept {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t memory_limit_bytes(const fs::path& groups_of_process, const fs::path& groups) {
  std::uint64_t limit = machine_memory_bytes();
  std::ifstream lines(groups_of_process);
  // NUMBER:CONTROLLERS:PATH; without controllers it is the unified hierarchy of version 2.
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,") {
      limit = smallest(limit, groups, group, "memory.max");
    } else if (controllers.find(",memory,") != std::string::npos) {
      limit = smallest(limit, groups / "memory", group, "memory.limit_in_bytes");
    }
  }
  return limit;
}

}  // namespace process
