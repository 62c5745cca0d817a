#pragma once
// The figures of loops as Prometheus families: tasks by site, contexts, timers, cancel latency.
//
// Guarantees     figures of the same site on several loops are added up; label values are bounded by the
//                loops' site tables. Reading works while a loop is stuck.
// Threads        any.
//
//   server::append_loop_families(families, {figures_of_worker_0, figures_of_worker_1}, now);

#include <memory>
#include <vector>

#include "leash/clock.hpp"
#include "leash/figures.hpp"
#include "server/families.hpp"

namespace server {

void append_loop_families(Families& families, const std::vector<std::shared_ptr<const leash::Figures>>& loops,
                          leash::TimePoint now);

}  // namespace server
