// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reports as JSON text, value by value: what leash::to_json (leash/json.hpp) gives as a tree, without the tree. Internal.
//
// Guarantees     memory for the text and nothing else, and lists that are bounded in bytes.
// Threads        any.
//
//   std::string text;
//   JsonWriter json(text);
//   json.begin_object();
//   append_members(json, dump, 8 * 1024 * 1024);
//   json.end_object();

#include <cstddef>
#include <optional>
#include <string>

#include "json_writer.hpp"
#include "leash/contexts.hpp"
#include "leash/coroutines.hpp"
#include "leash/dump.hpp"
#include "leash/snapshot.hpp"
#include "leash/tree.hpp"

namespace leash::detail {

// An object. `before`: its count in another dump.
void append(JsonWriter& json, const TaskGroup& entry, std::optional<std::size_t> before = {});
void append(JsonWriter& json, const CoroutineGroup& entry);
// The members of an object that has begun; a list ends when the text has `most_bytes`.
void append_members(JsonWriter& json, const Dump& dump, std::size_t most_bytes = SIZE_MAX);
void append_members(JsonWriter& json, const ContextDump& dump, std::size_t most_bytes = SIZE_MAX);
void append_members(JsonWriter& json, const Tree& tree, std::size_t most_bytes = SIZE_MAX);

}  // namespace leash::detail
