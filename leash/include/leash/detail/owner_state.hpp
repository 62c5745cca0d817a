// SPDX-License-Identifier: BSL-1.0
#pragma once
// What an Owner is: one control block for all of its handles and coroutines. Internal; free of Asio.
//
// Guarantees     done_at, once it is not zero, stays; label is set before the block is shared, and cause before done_at.
//                A watcher is told at most once, by end() or, if that was before, by watch(). It may go at any time, also
//                while it is told.
// Threads        any. No lock is held while a watcher is told.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>

namespace leash::detail {

// What is told when an owner ends.
class OwnerWatcher {
 public:
  virtual void owner_ended() = 0;

 protected:
  ~OwnerWatcher() = default;
};

struct OwnerState {
  using Watchers = std::list<std::weak_ptr<OwnerWatcher>>;

  explicit OwnerState(std::string_view what, bool ends = true) : label(what), may_end(ends) {}

  bool done() const noexcept { return done_at.load(std::memory_order_acquire) != 0; }
  void end(std::error_code why);
  Watchers::iterator watch(const std::shared_ptr<OwnerWatcher>& watcher);
  void unwatch(Watchers::iterator watcher);

  const std::string label;
  const bool may_end;                    // else what it owns is detached
  std::atomic<std::int64_t> done_at{0};  // the steady clock's nanoseconds; 0: it is not done
  std::error_code cause;
  std::mutex mutex;  // of the watchers, and of end()
  Watchers watchers;
};

// A coroutine that a leash task awaits.
struct AwaitedCoroutine {
  std::uint64_t task = 0;            // that awaits it
  const void* loop = nullptr;        // of that task
  std::atomic<std::uint64_t> id{0};  // of the coroutine, once it runs; 0: it is not tracked
};

// What the registry keeps of a coroutine that leash started: who owns it, and which task awaits it.
struct Ownership {
  std::shared_ptr<OwnerState> owner = {};
  std::weak_ptr<OwnerWatcher> canceled = {};       // empty: the owner only observes
  std::shared_ptr<AwaitedCoroutine> awaited = {};  // null: no task awaits it
};

}  // namespace leash::detail
