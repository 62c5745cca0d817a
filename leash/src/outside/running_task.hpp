// SPDX-License-Identifier: BSL-1.0
#pragma once
// The task that runs in a loop that does not answer. Internal.
//
// Guarantees     read from memory through the kernel, as by `leash-client ps`. The loop need not answer.
// Threads        any; the result is plain data.
//
//   if (const auto task = leash::outside::running_task(loop)) std::cerr << leash::to_text(*task);

#include <optional>

#include "leash/loops.hpp"
#include "leash/snapshot.hpp"

namespace leash::outside {

// Empty if a handler runs and no task, or if it cannot be read.
std::optional<TaskInfo> running_task(const RemoteLoop& loop);

}  // namespace leash::outside
