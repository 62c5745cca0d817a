// SPDX-License-Identifier: BSL-1.0
#pragma once
// Which task runs in a loop that does not answer. Internal.
//
// Guarantees     read from memory by the kernel, as `leash-client ps` does: the loop is not asked.
// Threads        any; the result is plain data.
//
//   if (const auto task = leash::outside::running_task(loop)) std::cerr << leash::to_text(*task);

#include <optional>

#include "leash/loops.hpp"
#include "leash/snapshot.hpp"

namespace leash::outside {

// Nothing: no task runs, but a handler; or it cannot be read.
std::optional<TaskInfo> running_task(const RemoteLoop& loop);

}  // namespace leash::outside
