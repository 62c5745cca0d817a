// SPDX-License-Identifier: BSL-1.0
#pragma once
// The tracked coroutines that run now, for whoever looks for one that does not return. Internal.
//
// Guarantees     the threads are not stopped; a coroutine that goes on meanwhile may be missed.
// Threads        any; the results are plain data.
//
//   for (const RunningCoroutine& each : running_coroutines())
//     if (const auto coroutine = describe_coroutine(each.id)) std::cerr << leash::to_text(*coroutine);

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "leash/coroutines.hpp"

namespace leash::detail {

// Held while the registry gets shards, slabs and sites, and while a thread takes or leaves its shard.
extern std::mutex registry_mutex;

struct RunningCoroutine {
  int thread = 0;  // as Linux numbers it
  std::uint64_t id = 0;
  std::uint64_t frame = 0;  // the innermost one
  std::uint32_t since =
      0;  // the tick of its last co_await: while frame and tick are the same, it has not returned
  bool in_this_tick = false;  // and may await something again in the same tick
};

std::vector<RunningCoroutine> running_coroutines();

// Nothing: it has ended.
std::optional<CoroutineInfo> describe_coroutine(std::uint64_t id);

}  // namespace leash::detail
