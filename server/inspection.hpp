#pragma once
// Asks every loop for its tasks.
//
// Guarantees     waits for a second at most; loops that have not answered by then are named.
// Threads        called on the loop of the calling task.
//
//   const server::Inspection seen = co_await server::inspect(ctx, admin_loop, workers);

#include <memory>
#include <string>
#include <vector>

#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/snapshot.hpp"
#include "leash/task.hpp"
#include "server/worker.hpp"

namespace server {

struct Inspection {
  std::vector<leash::TaskInfo> tasks;
  std::vector<std::string> unresponsive;  // names of loops
};

leash::Task<Inspection> inspect(leash::Context ctx, leash::Loop& here,
                                const std::vector<std::unique_ptr<Worker>>& workers);

// The tasks grouped by site, state and wait point, as /debug/tasks answers; ends with a newline.
std::string to_json(const Inspection& seen);

}  // namespace server
