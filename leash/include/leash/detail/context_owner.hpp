// SPDX-License-Identifier: BSL-1.0
#pragma once
// A context as the owner of a coroutine that is no task. Internal; the public header is leash/awaitable.hpp.
//
// Guarantees     the state ends once, when the context ends, with the same cause.
// Threads        the loop's thread; the state may be used on any thread.
// Lifetime       as long as the coroutine. It keeps the node of the context, but does not prevent its end.
//
//   auto tie = std::make_unique<ContextOwner>(ctx);
//   Ownership ownership{tie->state(), {}};

#include <memory>
#include <system_error>

#include "leash/context.hpp"
#include "leash/detail/context_node.hpp"
#include "leash/detail/owner_state.hpp"
#include "leash/detail/ref.hpp"

namespace leash::detail {

class ContextOwner : Dependent {
 public:
  explicit ContextOwner(const Context& ctx);
  const std::shared_ptr<OwnerState>& state() const noexcept { return state_; }

 private:
  static void context_done(Dependent& dependent) noexcept;
  void end() noexcept;

  Ref<SignalNode> node_;
  std::shared_ptr<OwnerState> state_;
};

}  // namespace leash::detail
