// SPDX-License-Identifier: BSL-1.0
#pragma once
// Dumps as JSON. Part of the target leash::json, because it needs nlohmann/json.
//
// Guarantees     schema 1, described in docs/debug-routes.md. Fields may be added but never changed: durations in
//                seconds, memory in bytes, sites and wait points as "path:line". Bytes of program texts that are not
//                UTF-8 become U+FFFD, so that dump() does not throw.
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
