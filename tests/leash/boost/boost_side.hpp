// SPDX-License-Identifier: BSL-1.0
#pragma once
// A part of a program that is compiled on Boost.Asio, for a test whose own sources are compiled on Asio.

#include <functional>

#include "leash/loop_base.hpp"

// A loop on Boost.Asio with one task, which waits for a timer of Boost.Asio under the context of the loop. Runs `meanwhile`,
// then cancels the task, and returns what it said.
std::error_code on_a_boost_loop(const std::function<void(leash::LoopBase&)>& meanwhile);

// Starts an operation of Boost.Asio under a context of whatever loop.
void boost_operation_under(leash::Context ctx);
