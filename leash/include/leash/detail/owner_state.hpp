// SPDX-License-Identifier: BSL-1.0
#pragma once
// The control block of an Owner, shared by all its handles and coroutines. Internal; without Asio.
//
// Guarantees     done_at never changes after it is not zero. label is set before the block is shared, and cause before
//                done_at. A watcher is notified at most once: by end(), or by watch() if the owner has ended before. It
//                may be removed at any time, even while it is notified.
// Threads        any. No lock is held while a watcher is notified.

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

// It is notified when an owner ends.
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
  const bool may_end;                    // otherwise the coroutines that it owns are detached
  std::atomic<std::int64_t> done_at{0};  // the steady clock's nanoseconds; 0: it is not done
  std::error_code cause;
  std::mutex mutex;  // guards the watchers and end()
  Watchers watchers;
};

// A coroutine that a leash task awaits.
struct AwaitedCoroutine {
  std::uint64_t task = 0;            // that awaits it
  const void* loop = nullptr;        // of that task
  std::atomic<std::uint64_t> id{0};  // the id of the coroutine after it has started; 0 if it is not tracked
};

// The registry's data of a coroutine that leash has started: its owner, and the task that awaits it.
struct Ownership {
  std::shared_ptr<OwnerState> owner = {};
  std::weak_ptr<OwnerWatcher> canceled = {};       // empty: the owner only observes
  std::shared_ptr<AwaitedCoroutine> awaited = {};  // null: no task awaits it
};

}  // namespace leash::detail
