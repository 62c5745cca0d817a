// SPDX-License-Identifier: BSL-1.0
#include "leash/json.hpp"

#include <string>

#include "json_text.hpp"

namespace leash {
namespace {

using nlohmann::ordered_json;

template <class Report>
ordered_json tree_of(const Report& report) {
  std::string text;
  detail::JsonWriter json(text);
  json.begin_object();
  detail::append_members(json, report);
  json.end_object();
  return ordered_json::parse(text);
}

template <class Entry>
ordered_json tree_of_entry(const Entry& entry) {
  std::string text;
  detail::JsonWriter json(text);
  detail::append(json, entry);
  return ordered_json::parse(text);
}

}  // namespace

ordered_json to_json(const TaskGroup& entry) { return tree_of_entry(entry); }
ordered_json to_json(const CoroutineGroup& entry) { return tree_of_entry(entry); }

ordered_json to_json(const Dump& dump) { return tree_of(dump); }
ordered_json to_json(const ContextDump& dump) { return tree_of(dump); }
ordered_json to_json(const Tree& tree) { return tree_of(tree); }

}  // namespace leash
