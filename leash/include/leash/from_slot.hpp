// SPDX-License-Identifier: BSL-1.0
#pragma once
// A context that an asio::cancellation_slot ends, for code that cancels through slots.
//
// What it is     like with_cancel, and also canceled when another component's cancellation_signal is emitted.
// Requires       the signal is emitted on the loop's thread. The slot is taken over: its previous handler is dropped.
// Guarantees     when emit returns, the context and all below it are done (errc::canceled, for any type of
//                cancellation). When the context becomes done in another way, the slot is cleared, so that nothing
//                accumulates under a long-lived signal. A slot that is not connected gives the same as
//                with_cancel.
// Threads        the loop's thread; an emit on another thread ends the process with a message.
// Lifetime       the signal may be destroyed at any time; then only the Cancel and the loop can end the
//                context.
//
//   auto [ctx, cancel] = leash::from_slot(loop, asio::get_associated_cancellation_slot(handler));
//   leash::go(ctx, serve(ctx), "serve");

#include <source_location>

#include "leash/context.hpp"
#include "leash/detail/asio.hpp"
#include "leash/loop_base.hpp"

namespace leash {

[[nodiscard]] Cancelable from_slot(const LoopBase& loop, asio::cancellation_slot slot, Label label = {},
                                   std::source_location where = std::source_location::current());

}  // namespace leash
