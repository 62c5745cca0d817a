// SPDX-License-Identifier: BSL-1.0
#pragma once
// How much memory this process may have (Linux): the smallest limit of its control groups, or what the machine has.
// Where no other exporter knows the limit of a container, the process itself does.
//
//   std::uint64_t most = process::memory_limit_bytes();

#include <cstdint>
#include <filesystem>

namespace process {

// What the machine has.
std::uint64_t machine_memory_bytes() noexcept;

// Read anew at each call: a container's limit can be changed while it runs. What cannot be read is taken for no limit.
std::uint64_t memory_limit_bytes(const std::filesystem::path& groups_of_process = "/proc/self/cgroup",
                                 const std::filesystem::path& groups = "/sys/fs/cgroup");

}  // namespace process
