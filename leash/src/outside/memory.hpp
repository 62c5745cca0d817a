// SPDX-License-Identifier: BSL-1.0
#pragma once
// The memory that contains leash's tables: of any process, including this one, or of a core file. Internal.
//
// What it is     an interface of one function. ProcessMemory reads a process through the kernel. CachedMemory reads
//                whole pages, because a reader follows many short links.
// Guarantees     an unmapped address is a failure of the call and causes no signal, also in this process. Data that
//                another thread writes meanwhile may be old, new or torn, but this is no data race.
// Threads        one.
//
//   outside::ProcessMemory process(pid);
//   outside::CachedMemory memory(process);
//   std::uint64_t word = 0;
//   if (!memory.read(address, &word, sizeof word)) return "there is nothing at this address";

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "leash/clock.hpp"

namespace leash::outside {

class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  virtual ~Memory() = default;

  // Reads all of it, or returns false.
  virtual bool read(std::uint64_t address, void* to, std::size_t bytes) = 0;
  // The time of the steady clock in that process; empty if it is unknown.
  virtual std::optional<TimePoint> now() const { return std::nullopt; }
};

class ProcessMemory final : public Memory {
 public:
  explicit ProcessMemory(pid_t process) noexcept : process_(process) {}
  ~ProcessMemory() override;

  bool read(std::uint64_t address, void* to, std::size_t bytes) override;
  std::optional<TimePoint> now() const override { return std::chrono::steady_clock::now(); }

  // The reason why the last read failed, an errno.
  int error() const noexcept { return error_; }

 private:
  pid_t process_;
  int file_ = -1;  // /proc/PID/mem, if the kernel or a filter does not permit process_vm_readv
  int error_ = 0;
};

class CachedMemory final : public Memory {
 public:
  explicit CachedMemory(Memory& memory) : memory_(memory), pages_(page_count) {}

  bool read(std::uint64_t address, void* to, std::size_t bytes) override;
  std::optional<TimePoint> now() const override { return memory_.now(); }
  void forget();  // later reads use no cached page

 private:
  static constexpr std::size_t page_size = 4096;
  static constexpr std::size_t page_count = 1024;
  struct Page {
    std::uint64_t address = 1;  // not the address of a page
    std::array<std::byte, page_size> bytes;
  };
  const Page* page_at(std::uint64_t address);

  Memory& memory_;
  std::vector<Page> pages_;  // each page has one possible place
};

}  // namespace leash::outside
