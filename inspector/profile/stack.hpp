// SPDX-License-Identifier: BSL-1.0
#pragma once
// The stack that a profile shows for an entry of a dump.
//
// What it is     the frames of the entry, with its wait ("[chan send]") as the leaf and the place that started it
//                ("started by fan_out") as the root, so that a flame graph groups by starter and ends in waits.
//                A coroutine ends at "spawned by serve".
// Threads        any.
//
//   for (const leash::Frame& frame : inspector::stack_of(group.oldest)) std::cout << frame.function << "\n";

#include <vector>

#include "leash/coroutines.hpp"
#include "leash/snapshot.hpp"

namespace inspector {

// The leaf first. The leaf has no file.
std::vector<leash::Frame> stack_of(const leash::TaskInfo& task);
std::vector<leash::Frame> stack_of(const leash::CoroutineInfo& coroutine);

}  // namespace inspector
