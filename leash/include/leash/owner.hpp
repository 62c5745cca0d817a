// SPDX-License-Identifier: BSL-1.0
#pragma once
// Who a coroutine belongs to, where there is no Loop: the exact verdict instead of a guess.
//
// What it is     a counted handle of a control block: done or not, since when, why, and what it is called. A coroutine
//                that leash::co_spawn (leash/co_spawn.hpp) started under it and that is alive when it is done is an
//                orphan, and after the grace leaked.
// Guarantees     it ends once: by end(), or when its last handle is destroyed. Coroutines under it do not keep it.
// Threads        any: handles may be copied, ended and asked anywhere.
// Misuse         a handle that was moved from ends the process with a message when it is used.
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

  /// Only the first call counts. Without a cause the owner finished.
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

/// An owner that is looked at and does not cancel: for the verdict without the cure.
struct ObservedOwner {
  std::shared_ptr<detail::OwnerState> state;
};
inline ObservedOwner observe(const Owner& owner) noexcept { return {owner.shared_state()}; }

}  // namespace leash
