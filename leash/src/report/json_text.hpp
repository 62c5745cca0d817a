// SPDX-License-Identifier: BSL-1.0
#pragma once
// Writes reports as JSON text, value by value. leash::to_json (leash/json.hpp) returns the same as a tree. Internal.
//
// Guarantees     allocates memory only for the text. Lists have a limit in bytes.
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
// Appends the members of an open object. A list ends when the text has `most_bytes`.
void append_members(JsonWriter& json, const Dump& dump, std::size_t most_bytes = SIZE_MAX);
void append_members(JsonWriter& json, const ContextDump& dump, std::size_t most_bytes = SIZE_MAX);
void append_members(JsonWriter& json, const Tree& tree, std::size_t most_bytes = SIZE_MAX);

}  // namespace leash::detail
