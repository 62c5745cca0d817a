// SPDX-License-Identifier: BSL-1.0
#include "leash/from_slot.hpp"

#include "leash/detail/loop_state.hpp"

namespace leash {
namespace {

// It is stored in the slot. Like any other dependent it is notified of the end of the context. Then it clears the slot,
// which destroys it, so it must not be used after finish() and clear().
class SlotHandler : detail::Dependent {
 public:
  SlotHandler(asio::cancellation_slot slot, detail::SignalNode& node) noexcept
      : Dependent([](detail::Dependent& dependent) noexcept {
          asio::cancellation_slot own = static_cast<SlotHandler&>(dependent).slot_;
          own.clear();
        }),
        slot_(slot),
        node_(&node) {
    detail::LoopState::attach(node, *this);
  }

  void operator()(asio::cancellation_type) noexcept {
    const detail::Ref<detail::SignalNode> node = node_;
    node->loop->finish(*node, errc::canceled, errc::canceled);
  }

 private:
  asio::cancellation_slot slot_;
  detail::Ref<detail::SignalNode> node_;
};

}  // namespace

Cancelable from_slot(const LoopBase& loop, asio::cancellation_slot slot, Label label,
                     std::source_location where) {
  detail::check_flavor(loop.state());
  Cancelable bridged = with_cancel(loop.background(), label, where);
  detail::SignalNode& node = *bridged.ctx.node().signal;
  if (slot.is_connected() && !node.done()) slot.emplace<SlotHandler>(slot, node);
  return bridged;
}

}  // namespace leash
