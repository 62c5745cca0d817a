// SPDX-License-Identifier: BSL-1.0
#include "leash/json.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "../registry/escape.hpp"

namespace leash {
namespace {

using nlohmann::ordered_json;

using detail::valid_utf8;

std::string site_of(const Frame& frame) { return valid_utf8(frame.file) + ":" + std::to_string(frame.line); }

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

ordered_json seconds_or_null(const std::optional<Duration>& duration) {
  return duration ? ordered_json(seconds(*duration)) : ordered_json();
}

// FNV-1a: the same in every process, unlike std::hash.
std::string short_key(const TaskGroup& entry) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : entry.key()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

ordered_json to_json(const TreeNode& node) {
  ordered_json json{{"kind", to_string(node.kind)}, {"name", node.name}};
  if (node.id != 0) json[node.kind == TreeNode::Kind::scope ? "holder" : "id"] = node.id;
  if (node.kind == TreeNode::Kind::task) json["count"] = node.count;
  if (!node.state.empty()) json["state"] = node.state;
  if (!node.place.file.empty()) json["site"] = site_of(node.place);
  if (!node.joins.empty()) json["joins"] = node.joins;
  ordered_json children = ordered_json::array();
  for (const TreeNode& child : node.children) children.push_back(to_json(child));
  json["children"] = std::move(children);
  return json;
}

}  // namespace

ordered_json to_json(const TaskGroup& entry) {
  const TaskInfo& oldest = entry.oldest;
  ordered_json frames = ordered_json::array();
  for (const Frame& frame : oldest.frames) {
    frames.push_back({{"function", valid_utf8(frame.function)}, {"at", site_of(frame)}});
  }
  return {{"key", short_key(entry)},
          {"site", site_of(oldest.site)},
          {"function", valid_utf8(oldest.site.function)},
          {"name", valid_utf8(oldest.name)},
          {"role", to_string(oldest.role)},
          {"state", to_string(oldest.state)},
          {"wait", to_string(oldest.wait)},
          {"waits_at", oldest.frames.empty() ? "" : site_of(oldest.frames.front())},
          {"uncancellable", oldest.uncancellable},
          {"count", entry.count},
          {"oldest_age_seconds", seconds(oldest.age)},
          {"bytes", entry.frame_bytes},
          {"example",
           {{"id", oldest.id},
            {"loop", valid_utf8(oldest.loop)},
            {"owner", valid_utf8(oldest.owner)},
            {"owner_done_seconds", seconds_or_null(oldest.owner_done_for)},
            {"owner_cause", valid_utf8(oldest.owner_cause)},
            {"trace", valid_utf8(oldest.trace)},
            {"waits_seconds", seconds(oldest.waits_for)},
            {"bytes", oldest.frame_bytes},
            {"frames", std::move(frames)},
            {"frames_left_out", oldest.frames_left_out}}}};
}

ordered_json to_json(const Dump& dump) {
  ordered_json tasks = ordered_json::array();
  for (const TaskGroup& entry : dump.entries) tasks.push_back(to_json(entry));
  return {{"schema", 1}, {"live", dump.live}, {"matched", dump.matched}, {"tasks", std::move(tasks)}};
}

ordered_json to_json(const ContextDump& dump) {
  ordered_json groups = ordered_json::array();
  for (const ContextGroup& group : dump.groups) {
    groups.push_back({{"site", site_of(group.site)},
                      {"function", valid_utf8(group.site.function)},
                      {"label", valid_utf8(group.label)},
                      {"count", group.count},
                      {"armed", group.armed},
                      {"nearest_deadline_seconds", seconds_or_null(group.nearest_deadline)},
                      {"farthest_deadline_seconds", seconds_or_null(group.farthest_deadline)}});
  }
  return {{"schema", 1},
          {"live", dump.live},
          {"held", dump.held},
          {"complete", dump.complete},
          {"contexts", std::move(groups)}};
}

ordered_json to_json(const Tree& tree) {
  ordered_json loops = ordered_json::array();
  for (const TreeNode& loop : tree.loops) loops.push_back(to_json(loop));
  ordered_json cycles = ordered_json::array();
  for (const Tree::Cycle& cycle : tree.cycles)
    cycles.push_back({{"loop", cycle.loop}, {"tasks", cycle.tasks}});
  return {
      {"schema", 1}, {"loops", std::move(loops)}, {"cycles", std::move(cycles)}, {"remarks", tree.remarks}};
}

}  // namespace leash
