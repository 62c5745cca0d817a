// SPDX-License-Identifier: BSL-1.0
#pragma once
// The owner of coroutines in a program without a Loop: makes leaks exact instead of inferred.
//
// What it is     a counted handle of a control block: whether it is done, since when, why, and its label. A coroutine that
//                leash::co_spawn (leash/co_spawn.hpp) started under it, and that is alive when the owner is done, is an
//                orphan, and after the grace leaked.
// Guarantees     it ends once: by end(), or when its last handle is destroyed. Its coroutines do not keep it alive.
// Threads        any: handles may be copied, ended and read on any thread.
// Misuse         using a moved-from handle ends the process with a message.
// Lifetime       the block lives as long as a handle or a coroutine refers to it.
//
//   leash::Owner owner("conn 17");
//   leash::co_spawn(owner, executor, heartbeat(session), asio::detached);
//   // owner goes out of scope: heartbeat gets a terminal cancellation
//   leash::co_spawn(leash::observe(owner), executor, audit(session), asio::detached);  // seen, and not canceled

#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "leash/detail/owner_state.hpp"

namespace leash {

class Owner {
 public:
  explicit Owner(std::string_view label = {});

  /// Only the first call has an effect. Without a cause, the cause is errc::finished.
  void end(std::error_code cause = {}) const;
  bool is_done() const noexcept { return state().done(); }
  const std::string& label() const noexcept { return state().label; }

  const std::shared_ptr<detail::OwnerState>& shared_state() const noexcept;

 private:
  struct Handles {
    std::shared_ptr<detail::OwnerState> state;
    ~Handles();
  };
  detail::OwnerState& state() const noexcept { return *shared_state(); }
  std::shared_ptr<Handles> handles_;
};

/// An owner that does not cancel its coroutines, so that leaks can be seen without being ended.
struct ObservedOwner {
  std::shared_ptr<detail::OwnerState> state;
};
inline ObservedOwner observe(const Owner& owner) noexcept { return {owner.shared_state()}; }

}  // namespace leash
