// SPDX-License-Identifier: BSL-1.0
#pragma once
// The stack of a profile for an entry of a dump.
//
// What it is     the frames of the entry, with its wait ("[chan send]") as the leaf and the function that started it
//                ("started by fan_out") as the root, so that flame graphs group by starter and end in waits. The root of a
//                coroutine is "spawned by serve".
// Threads        any.
//
//   for (const leash::Frame& frame : inspector::stack_of(group.oldest)) std::cout << frame.function << "\n";

#include <vector>

#include "leash/coroutines.hpp"
#include "leash/snapshot.hpp"

namespace inspector {

// The leaf comes first and has no file.
std::vector<leash::Frame> stack_of(const leash::TaskInfo& task);
std::vector<leash::Frame> stack_of(const leash::CoroutineInfo& coroutine);

}  // namespace inspector
