// SPDX-License-Identifier: BSL-1.0
#pragma once
// Dumps as JSON. A target of its own, leash::json, because it needs nlohmann/json.
//
// Guarantees     schema 1; docs/debug-routes.md describes it. Fields are added, never changed: durations in
//                seconds, memory in bytes, sites and wait points as "path:line". What a program supplies that is not
//                UTF-8 has U+FFFD in its place, so that dump() does not throw.
// Threads        any.
// Lifetime       the result refers to nothing of what it was made from.
//
//   std::cout << leash::to_json(leash::take_dump(loop)).dump(2);

#include <nlohmann/json.hpp>

#include "leash/contexts.hpp"
#include "leash/coroutines.hpp"
#include "leash/dump.hpp"
#include "leash/snapshot.hpp"
#include "leash/tree.hpp"

namespace leash {

nlohmann::ordered_json to_json(const TaskGroup& entry);
nlohmann::ordered_json to_json(const Dump& dump);
nlohmann::ordered_json to_json(const CoroutineGroup& entry);
nlohmann::ordered_json to_json(const ContextDump& dump);
nlohmann::ordered_json to_json(const Tree& tree);

}  // namespace leash
