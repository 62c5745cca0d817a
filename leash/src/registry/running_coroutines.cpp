// SPDX-License-Identifier: BSL-1.0
#include "running_coroutines.hpp"

#include "coroutine_look.hpp"
#include "leash/detail/coroutine_record.hpp"

namespace leash::detail {

std::vector<RunningCoroutine> running_coroutines() {
  std::vector<RunningCoroutine> found;
  const std::uint32_t now = tick();
  const std::lock_guard lock(registry_mutex);  // what a shard says of its thread stays true
  for (auto* shard = leash_coroutines.shards.load(std::memory_order_acquire); shard; shard = shard->next) {
    if (shard->thread == nullptr) continue;
    const CoroutineRecord* const record = shard->thread->current.load(std::memory_order_acquire);
    RecordCopy frame;
    if (record == nullptr || !frame.take(*record) || !(frame.flags & started) || frame.waits()) continue;
    RecordCopy root = frame;
    if ((frame.flags & nested) && !root.take(*static_cast<const CoroutineRecord*>(frame.context))) continue;
    const bool in_this_tick = frame.since != 0 && static_cast<std::int32_t>(frame.since - now) >= 0;
    found.push_back({shard->thread_id, root.id, frame.id, frame.since, in_this_tick});
  }
  return found;
}

std::optional<CoroutineInfo> describe_coroutine(std::uint64_t id) {
  ChainCopy chain;
  if (!chain.take(record_at(slot_of(id))) || chain.root().id != id) return std::nullopt;
  Look look({});
  return look.describe(chain, look.judge(chain));
}

}  // namespace leash::detail
