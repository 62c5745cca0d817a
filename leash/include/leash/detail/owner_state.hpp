// SPDX-License-Identifier: BSL-1.0
#pragma once
// What an Owner is: one control block for all of its handles and coroutines. Internal; free of Asio.
//
// Guarantees     done_at, once it is not zero, stays; label is set before the block is shared, and cause before done_at.
//                A watcher is called at most once, by end() or, if that was before, by watch().
// Threads        any. A watcher is called under a lock: it only posts.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>

namespace leash::detail {

struct OwnerState {
  using Watchers = std::list<std::function<void()>>;

  explicit OwnerState(std::string_view what) : label(what) {}

  bool done() const noexcept { return done_at.load(std::memory_order_acquire) != 0; }
  void end(std::error_code why);
  Watchers::iterator watch(std::function<void()> tell);
  void unwatch(Watchers::iterator watcher);

  const std::string label;
  std::atomic<std::int64_t> done_at{0};  // the steady clock's nanoseconds; 0: it is not done
  std::error_code cause;
  std::mutex mutex;  // of the watchers, and of end()
  Watchers watchers;
};

// What the registry keeps of a coroutine that has an owner.
struct Ownership {
  std::shared_ptr<OwnerState> owner;
  std::function<void()> cancel;  // empty: the owner only observes
};

}  // namespace leash::detail
