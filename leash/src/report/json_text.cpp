// SPDX-License-Identifier: BSL-1.0
#include "json_text.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace leash::detail {
namespace {

template <class Place>  // Frame, CoroutinePlace
std::string site_text(const Place& frame) {
  return frame.file + ":" + std::to_string(frame.line);
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::optional<double> seconds(const std::optional<Duration>& duration) {
  return duration ? std::optional(seconds(*duration)) : std::nullopt;
}

// FNV-1a, which is the same in every process, unlike std::hash.
std::string short_key(const std::string& key) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

void append(JsonWriter& json, const ContextGroup& group) {
  json.begin_object().member("site", site_text(group.site)).member("function", group.site.function);
  json.member("label", group.label).member("count", group.count).member("armed", group.armed);
  json.member("nearest_deadline_seconds", seconds(group.nearest_deadline));
  json.member("farthest_deadline_seconds", seconds(group.farthest_deadline));
  json.member("outlived", group.outlived).member("owner", group.owner);
  json.member("owner_done_seconds", seconds(group.owner_done_for));
  json.member("owner_cause", group.owner_cause).end_object();
}

void append_held(JsonWriter& json, const ContextGroup& group) {
  json.begin_object().member("site", site_text(group.site)).member("function", group.site.function);
  json.member("label", group.label).member("count", group.count);
  json.member("done_seconds", seconds(group.done_for)).end_object();
}

// A node whose children do not fit any more contains their number instead.
void append(JsonWriter& json, const TreeNode& node, std::size_t most_bytes) {
  json.begin_object().member("kind", to_string(node.kind)).member("name", node.name);
  if (node.id != 0) json.member(node.kind == TreeNode::Kind::scope ? "holder" : "id", node.id);
  if (node.kind == TreeNode::Kind::task || node.kind == TreeNode::Kind::coroutine)
    json.member("count", node.count);
  if (!node.state.empty()) json.member("state", node.state);
  if (!node.place.file.empty()) json.member("site", site_text(node.place));
  if (!node.joins.empty()) json.key("joins").list(node.joins);
  std::size_t left_out = 0;
  json.key("children").begin_array();
  for (const TreeNode& child : node.children) {
    if (json.size() < most_bytes) {
      append(json, child, most_bytes);
    } else {
      ++left_out;
    }
  }
  json.end_array();
  if (left_out > 0) json.member("children_left_out", left_out);
  json.end_object();
}

}  // namespace

void append(JsonWriter& json, const TaskGroup& entry, std::optional<std::size_t> before) {
  const TaskInfo& oldest = entry.oldest;
  json.begin_object().member("key", short_key(entry.key())).member("site", site_text(oldest.site));
  json.member("function", oldest.site.function).member("name", oldest.name);
  json.member("role", to_string(oldest.role)).member("state", to_string(oldest.state));
  json.member("wait", to_string(oldest.wait));
  json.member("waits_at", oldest.frames.empty() ? std::string() : site_text(oldest.frames.front()));
  json.member("uncancellable", oldest.uncancellable).member("stranded", oldest.stranded);
  json.member("running", oldest.running);
  json.member("count", entry.count).member("oldest_age_seconds", seconds(oldest.age));
  json.member("bytes", entry.frame_bytes).member("heap_bytes", entry.heap_bytes);
  json.key("example").begin_object().member("id", oldest.id).member("loop", oldest.loop);
  json.member("owner", oldest.owner).member("owner_done_seconds", seconds(oldest.owner_done_for));
  json.member("owner_cause", oldest.owner_cause).member("trace", oldest.trace);
  json.member("waits_seconds", seconds(oldest.waits_for)).member("bytes", oldest.frame_bytes);
  json.member("heap_bytes", oldest.heap_bytes);
  if (oldest.awaited_by != 0) json.member("awaited_by_coroutine", oldest.awaited_by);
  json.key("frames").begin_array();
  for (const Frame& frame : oldest.frames) {
    json.begin_object().member("function", frame.function).member("at", site_text(frame)).end_object();
  }
  json.end_array().member("frames_left_out", oldest.frames_left_out).end_object();
  if (before) json.member("before", *before);
  json.end_object();
}

void append(JsonWriter& json, const CoroutineGroup& entry) {
  const CoroutineInfo& oldest = entry.oldest;
  std::string key = site_text(oldest.site) + std::string(to_string(oldest.state));
  for (const CoroutinePlace& frame : oldest.frames) key += frame.function + site_text(frame);
  json.begin_object().member("key", short_key(key)).member("site", site_text(oldest.site));
  json.member("function", oldest.site.function).member("state", to_string(oldest.state));
  json.member("wait", to_string(oldest.wait));
  json.member("waits_at", oldest.frames.empty() ? std::string() : site_text(oldest.frames.front()));
  json.member("count", entry.count).member("oldest_age_seconds", seconds(oldest.age));
  json.member("bytes", entry.frame_bytes);
  json.key("example").begin_object().member("id", oldest.id).member("label", oldest.label);
  json.member("spawned_by", oldest.spawned_by).member("spawner_ended", oldest.spawner_ended);
  json.member("spawner_ended_seconds", seconds(oldest.spawner_ended_for)).member("owner", oldest.owner);
  json.member("owner_done_seconds", seconds(oldest.owner_done_for)).member("owner_cause", oldest.owner_cause);
  json.member("waits_seconds", seconds(oldest.waits_for)).member("bytes", oldest.frame_bytes);
  if (oldest.awaited_by != 0) json.member("awaited_by_task", oldest.awaited_by);
  if (oldest.awaits_task != 0) {
    json.member("awaits_task", oldest.awaits_task).member("task_site", site_text(oldest.task_site));
  }
  json.key("frames").begin_array();
  for (const CoroutinePlace& frame : oldest.frames) {
    json.begin_object().member("function", frame.function).member("at", site_text(frame)).end_object();
  }
  json.end_array().end_object().end_object();
}

void append_members(JsonWriter& json, const Dump& dump, std::size_t most_bytes) {
  json.member("schema", 1).member("live", dump.live).member("matched", dump.matched);
  json.key("tasks").begin_array();
  for (const TaskGroup& entry : dump.entries) {
    if (json.size() >= most_bytes) break;
    append(json, entry);
  }
  json.end_array();
}

void append_members(JsonWriter& json, const ContextDump& dump, std::size_t most_bytes) {
  json.member("schema", 1).member("live", dump.live).member("held", dump.held);
  json.member("outlived", dump.outlived);
  json.member("complete", dump.complete).key("contexts").begin_array();
  for (const ContextGroup& group : dump.groups) {
    if (json.size() >= most_bytes) break;
    append(json, group);
  }
  json.end_array().key("held_contexts").begin_array();
  for (const ContextGroup& group : dump.held_groups) {
    if (json.size() >= most_bytes) break;
    append_held(json, group);
  }
  json.end_array();
}

void append_members(JsonWriter& json, const Tree& tree, std::size_t most_bytes) {
  json.member("schema", 1).key("loops").begin_array();
  for (const TreeNode& loop : tree.loops) append(json, loop, most_bytes);
  json.end_array().key("coroutines").begin_array();
  for (const TreeNode& coroutine : tree.coroutines) append(json, coroutine, most_bytes);
  json.end_array().key("cycles").begin_array();
  for (const Tree::Cycle& cycle : tree.cycles) {
    json.begin_object().member("loop", cycle.loop).key("tasks").list(cycle.tasks).end_object();
  }
  json.end_array().key("remarks").list(tree.remarks);
}

}  // namespace leash::detail
