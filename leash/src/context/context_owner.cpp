// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/context_owner.hpp"

#include "leash/detail/loop_state.hpp"

namespace leash::detail {

ContextOwner::ContextOwner(const Context& ctx)
    : Dependent(&ContextOwner::context_done),
      node_(ctx.node().signal),
      state_(std::make_shared<OwnerState>(ctx.label().text(), node_->loop->may_end(*node_))) {
  node_->loop->check_thread();
  if (nothing_remains(*node_)) {
    end();
  } else {
    LoopState::attach(*node_, *this);
  }
}

void ContextOwner::context_done(Dependent& dependent) noexcept {
  static_cast<ContextOwner&>(dependent).end();
}

void ContextOwner::end() noexcept { state_->end(node_->cause); }

}  // namespace leash::detail
