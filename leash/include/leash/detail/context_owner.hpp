// SPDX-License-Identifier: BSL-1.0
#pragma once
// A context as the owner of a coroutine that a loop knows nothing of. Internal: leash/awaitable.hpp is what users see.
//
// Guarantees     the state ends, once, when the context does, with its cause.
// Threads        the loop's; the state, any.
// Lifetime       as long as the coroutine. It keeps the context's node, and not the context from ending.
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
