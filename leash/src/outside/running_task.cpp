// SPDX-License-Identifier: BSL-1.0
#include "running_task.hpp"

#include <unistd.h>

#include <bit>
#include <cstdint>
#include <utility>

#include "layout.hpp"
#include "memory.hpp"
#include "reader.hpp"

namespace leash::outside {

std::optional<TaskInfo> running_task(const RemoteLoop& loop) {
  ProcessMemory process(::getpid());
  CachedMemory memory(process);
  auto reader = Reader::open(memory, std::bit_cast<std::uintptr_t>(&leash_outside_layout));
  if (!reader) return std::nullopt;
  const auto metrics = std::bit_cast<std::uintptr_t>(loop.metrics().get());
  for (const std::uint64_t address : reader->loops()) {
    if (reader->word(address + reader->table().loop.metrics) != metrics) continue;
    std::optional<RawTask> found;
    std::optional<RawTask> in_list;
    reader->each_task(
        address,
        [&](RawTask task) {
          if (task.running) in_list = std::move(task);
        },
        [&] {
          if (in_list) found = std::exchange(in_list, std::nullopt);
        },
        [&] { in_list.reset(); });
    if (found) return reader->describe(*found, reader->now(address));
  }
  return std::nullopt;
}

}  // namespace leash::outside
