// SPDX-License-Identifier: BSL-1.0
#pragma once
// The subject of `leash-client ps`: a running process or a core file.
//
// What it is     its memory, and the addresses at which its programs and libraries begin.
// Guarantees     it is neither written to nor stopped.
// Threads        one.
//
//   auto target = client::open_target("4711", "");
//   if (!target) return complain(Exit::connection_failure, target.error());
//   for (const std::uint64_t base : (*target)->images()) ...

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "leash/src/outside/memory.hpp"

namespace client {

class Target {
 public:
  Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  virtual ~Target() = default;

  virtual leash::outside::Memory& memory() = 0;
  const std::vector<std::uint64_t>& images() const noexcept { return images_; }
  virtual std::string name() const = 0;  // "process 4711"
  // Problems that were found while it was read.
  virtual std::vector<std::string> remarks() const { return {}; }

 protected:
  std::vector<std::uint64_t> images_;
};

using Opened = std::expected<std::unique_ptr<Target>, std::string>;

// A number means a process, anything else a core file. `binary` is the path of the program that dumped the core, if it is
// not at the path that the core names; may be empty.
Opened open_target(const std::string& process_or_core, const std::string& binary);

Opened open_process(pid_t process);
Opened open_core(const std::string& file, const std::string& binary);

}  // namespace client
