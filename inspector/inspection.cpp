// SPDX-License-Identifier: BSL-1.0
#include "inspector/inspection.hpp"

#include <functional>
#include <utility>

namespace server {

leash::Task<Inspection> inspect(leash::Context ctx, leash::Loop& here, const Workers& workers,
                                leash::DumpOptions options) {
  leash::DumpOptions of_each = options;
  if (!options.full) of_each.filter.limit = SIZE_MAX;  // groups of several loops are added up first
  Question<leash::Dump> question = [of_each](Worker& worker, std::function<void(leash::Dump)> reply) {
    leash::take_dump(worker.loop(), of_each, std::move(reply));
  };
  auto answers = co_await ask_loops<leash::Dump>(ctx, here, workers, std::move(question));
  Inspection seen;
  seen.dump = leash::merge(std::move(answers.given), options);
  seen.unresponsive = std::move(answers.unresponsive);
  co_return seen;
}

leash::Task<ContextInspection> inspect_contexts(leash::Context ctx, leash::Loop& here,
                                                const Workers& workers) {
  Question<leash::ContextDump> question = [](Worker& worker,
                                             const std::function<void(leash::ContextDump)>& reply) {
    reply(leash::live_contexts(worker.loop()));
  };
  auto answers = co_await ask_loops<leash::ContextDump>(ctx, here, workers, std::move(question));
  ContextInspection seen;
  seen.dump = leash::merge(answers.given);
  seen.unresponsive = std::move(answers.unresponsive);
  co_return seen;
}

leash::Task<Reaping> reap_everywhere(leash::Context ctx, leash::Loop& here, const Workers& workers,
                                     leash::TaskFilter filter) {
  Question<leash::Reaped> question = [filter](Worker& worker,
                                              const std::function<void(leash::Reaped)>& reply) {
    reply(leash::reap(worker.loop(), filter));
  };
  auto answers = co_await ask_loops<leash::Reaped>(ctx, here, workers, std::move(question));
  Reaping done;
  for (const leash::Reaped& reaped : answers.given) {
    done.reaped.ended += reaped.ended;
    done.reaped.waiting += reaped.waiting;
  }
  done.unresponsive = std::move(answers.unresponsive);
  co_return done;
}

}  // namespace server
