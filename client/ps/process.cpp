// SPDX-License-Identifier: BSL-1.0
#include "client/ps/target.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>

namespace client {
namespace {

constexpr std::size_t most_images = 4096;

// "7f00-7fff r-xp 00000000 08:01 42   /path": the address at which a file's first byte is mapped; 0 if it is not.
std::uint64_t image_at(std::string_view line) {
  std::uint64_t begin = 0;
  std::uint64_t offset = 1;
  const std::size_t dash = line.find('-');
  const std::size_t permissions = line.find(' ');
  const std::size_t offset_at = permissions == line.npos ? line.npos : line.find(' ', permissions + 1);
  if (dash == line.npos || offset_at == line.npos || line[permissions + 1] != 'r' || !line.contains('/'))
    return 0;
  (void)std::from_chars(line.data(), line.data() + dash, begin, 16);
  (void)std::from_chars(line.data() + offset_at + 1, line.data() + line.size(), offset, 16);
  return offset == 0 ? begin : 0;
}

class ProcessTarget final : public Target {
 public:
  explicit ProcessTarget(pid_t process) : process_(process), memory_(process) {}

  std::expected<void, std::string> open() {
    std::ifstream maps(fmt::format("/proc/{}/maps", process_));
    if (!maps) return refuse(errno);
    for (std::string line; std::getline(maps, line) && images_.size() < most_images;) {
      if (const std::uint64_t begin = image_at(line)) images_.push_back(begin);
    }
    if (maps.bad()) return refuse(errno);
    if (images_.empty()) {
      // Kernel threads and zombies have no memory; the maps of another user's process are empty.
      return refuse(::geteuid() == 0 ? ESRCH : EACCES);
    }
    char byte = 0;
    if (!memory_.read(images_.front(), &byte, 1)) return refuse(memory_.error());
    return {};
  }

  leash::outside::Memory& memory() override { return memory_; }
  std::string name() const override { return fmt::format("process {}", process_); }

 private:
  std::unexpected<std::string> refuse(int error) const {
    if (error == ENOENT || error == ESRCH) {
      return std::unexpected(fmt::format("process {} does not exist or has no memory to read", process_));
    }
    if (error == EACCES || error == EPERM) {
      return std::unexpected(
          fmt::format("no permission to read the memory of process {}: run leash-client as root, or as the "
                      "user of the process "
                      "if /proc/sys/kernel/yama/ptrace_scope is 0",
                      process_));
    }
    return std::unexpected(fmt::format("the memory of process {} cannot be read: {}", process_,
                                       std::generic_category().message(error)));
  }

  pid_t process_;
  leash::outside::ProcessMemory memory_;
};

}  // namespace

Opened open_process(pid_t process) {
  auto target = std::make_unique<ProcessTarget>(process);
  if (auto opened = target->open(); !opened) return std::unexpected(opened.error());
  return target;
}

}  // namespace client
