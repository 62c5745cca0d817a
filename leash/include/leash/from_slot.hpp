// SPDX-License-Identifier: BSL-1.0
#pragma once
// A context that a foreign asio::cancellation_slot ends: the bridge from code that cancels by slots.
//
// What it is     with_cancel, canceled also by the emit of another component's cancellation_signal.
// Requires       the signal is emitted on the loop's thread. The slot is taken over: what was in it is
//                dropped.
// Guarantees     when emit returns, the context and all below it are done (errc::canceled, whatever the type
//                of the cancellation). When the context is done by other means, the slot is cleared: nothing
//                accumulates under a signal that lives long. A slot that is not connected gives what
//                with_cancel gives.
// Threads        the loop's thread; an emit on another one ends the process with a message.
// Lifetime       the signal may be destroyed at any time: then only the Cancel and the loop are left to end
//                it.
//
//   auto [ctx, cancel] = leash::from_slot(loop, asio::get_associated_cancellation_slot(handler));
//   leash::go(ctx, serve(ctx), "serve");

#include <asio/cancellation_signal.hpp>

#include "leash/context.hpp"

namespace leash {

class Loop;

[[nodiscard]] Cancelable from_slot(const Loop& loop, asio::cancellation_slot slot, Label label = {},
                                   std::source_location where = std::source_location::current());

}  // namespace leash
