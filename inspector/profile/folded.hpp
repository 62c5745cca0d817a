// SPDX-License-Identifier: BSL-1.0
#pragma once
// A dump as folded stacks, for flame graphs.
//
// What it is     one line per stack, "frame;frame;frame count", with the root first: the format that speedscope and flame
//                graph tools read.
// Guarantees     each stack is one line: a semicolon or line break in a function's name becomes a space.
// Threads        any.
//
//   std::cout << inspector::to_folded(leash::take_dump(loop));

#include <span>
#include <string>

#include "leash/coroutines.hpp"
#include "leash/dump.hpp"

namespace inspector {

std::string to_folded(const leash::Dump& dump);
std::string to_folded(std::span<const leash::CoroutineGroup> coroutines);

}  // namespace inspector
