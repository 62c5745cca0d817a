// SPDX-License-Identifier: BSL-1.0
#pragma once
// Asks every loop for its tasks, its contexts, or to reap.
//
// Guarantees     as ask_loops: a second at most; loops that have not answered by then are named.
// Threads        called on the loop of the calling task.
//
//   const server::Inspection seen = co_await server::inspect(ctx, admin_loop, workers, {});

#include <string>
#include <vector>

#include "leash/context.hpp"
#include "leash/contexts.hpp"
#include "leash/dump.hpp"
#include "leash/loop.hpp"
#include "leash/reaper.hpp"
#include "leash/task.hpp"
#include "inspector/ask_loops.hpp"
#include "http/server/worker.hpp"

namespace server {

struct Inspection {
  Inspection() noexcept {}
  leash::Dump dump;
  std::vector<std::string> unresponsive;  // names of loops
};
leash::Task<Inspection> inspect(leash::Context ctx, leash::Loop& here, const Workers& workers,
                                leash::DumpOptions options);

struct ContextInspection {
  ContextInspection() noexcept {}
  leash::ContextDump dump;
  std::vector<std::string> unresponsive;
};
leash::Task<ContextInspection> inspect_contexts(leash::Context ctx, leash::Loop& here,
                                                const Workers& workers);

struct Reaping {
  Reaping() noexcept {}
  leash::Reaped reaped;
  std::vector<std::string> unresponsive;
};
// The filter's limit is for each loop.
leash::Task<Reaping> reap_everywhere(leash::Context ctx, leash::Loop& here, const Workers& workers,
                                     leash::TaskFilter filter);

}  // namespace server
