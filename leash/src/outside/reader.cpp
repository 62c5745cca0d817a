// SPDX-License-Identifier: BSL-1.0
#include "reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <system_error>
#include <type_traits>

#include "../registry/escape.hpp"
#include "leash/detail/context_node.hpp"
#include "leash/detail/pattern.hpp"
#include "leash/detail/report_text.hpp"
#include "leash/error.hpp"
#include "leash/trace.hpp"
#include "object.hpp"

namespace leash::outside {
namespace {

// Limits for damaged memory.
constexpr std::uint32_t most_offset = 1 << 20;
constexpr std::size_t most_frames = 10'000;  // maximum number of visited frames
constexpr std::size_t most_ancestors = 1024;
constexpr std::size_t most_tasks_of_list = 100'000'000;
constexpr std::size_t most_known_places = 100'000;
constexpr std::size_t most_remarks = 20;
constexpr std::size_t longest_text = 4096;
constexpr int attempts = 5;

// The bits of the mask, shifted to the right.
unsigned value_of(unsigned bits, std::uint32_t mask) noexcept {
  if (mask == 0) return 0;
  return bits >> __builtin_ctz(mask);
}

bool plausible(const Layout& table) noexcept {
  const std::array<std::uint32_t, 10> sizes{
      table.loop.size,   table.site.size,  table.task.size,  table.frame.size, table.context.size,
      table.signal.size, table.maker.size, table.value.size, table.scope.size, table.list.size};
  return std::ranges::all_of(sizes, [](std::uint32_t size) { return size > 0 && size <= most_offset; }) &&
         table.sites > 0 && table.sites <= 4096 && table.site.table <= most_offset &&
         table.loops_left_out <= most_offset;
}

}  // namespace

std::expected<Reader, std::string> Reader::open(CachedMemory& memory, std::uint64_t address) {
  Layout table;
  constexpr std::size_t head = offsetof(Layout, loops);
  if (!memory.read(address, &table, head))
    return std::unexpected("leash's table is not in the available memory");
  std::string library(table.library.data(), ::strnlen(table.library.data(), table.library.size()));
  std::ranges::replace_if(
      library, [](char c) { return c <= ' ' || c > '~'; }, '?');
  if (table.magic == std::array<char, 8>{}) {
    return std::unexpected("this program contains leash, but has not created a leash::Loop yet");
  }
  if (table.magic != layout_magic)
    return std::unexpected("the data found in place of leash's table is something else");
  if (table.version != layout_version || table.size != sizeof(Layout)) {
    return std::unexpected("the process has leash " + library + " with tables of another version (" +
                           std::to_string(table.version) + ", and this program reads " +
                           std::to_string(layout_version) + "): use the leash-client of that release");
  }
  if (!memory.read(address, &table, sizeof table))
    return std::unexpected("leash's table cannot be read to its end");
  if (!plausible(table)) return std::unexpected("leash's table is damaged");
  return Reader(memory, table);
}

Duration Reader::since(std::int64_t now, std::int64_t then) noexcept {
  if (then <= 0 || then > now) return Duration::zero();
  return Duration(now - then);
}

void Reader::remark(std::string line) {
  if (remarks_.size() < most_remarks && std::ranges::find(remarks_, line) == remarks_.end()) {
    remarks_.push_back(std::move(line));
  }
}

void Reader::saw(std::int64_t time) noexcept {
  // The largest time means "never".
  if (time != std::numeric_limits<std::int64_t>::max()) newest_ = std::max(newest_, time);
}

std::int64_t Reader::now(std::uint64_t loop) const {
  const Object state(*memory_, loop, table_.loop.size);
  const bool has_own_clock = state.pointer(table_.loop.clock) != 0;
  if (const auto time = memory_->now(); time && !has_own_clock) return time->time_since_epoch().count();
  return newest_;
}

std::vector<std::uint64_t> Reader::loops() {
  std::vector<std::uint64_t> found;
  for (const std::uint64_t loop : table_.loops) {
    if (loop != 0) found.push_back(loop);
  }
  if (table_.loops_left_out > 0) {
    remark(std::to_string(table_.loops_left_out) + " loops are left out: leash's table has no more room");
  }
  return found;
}

std::string Reader::loop_name(std::uint64_t loop) {
  const Object state(*memory_, loop, table_.loop.size);
  if (!state) return {};
  const auto length = state.at<std::uint64_t>(table_.loop.name + 8);
  return text_at(state.pointer(table_.loop.name), std::min<std::uint64_t>(length, longest_name));
}

std::string Reader::text_at(std::uint64_t address, std::size_t most) {
  return outside::text_at(*memory_, address, most);
}

Frame Reader::frame_at(std::uint64_t source_location) {
  if (const auto known = frames_.find(source_location); known != frames_.end()) return known->second;
  Frame frame = place_at(*memory_, source_location);
  if (frames_.size() < most_known_places) frames_.emplace(source_location, frame);
  return frame;
}

std::uint64_t Reader::word(std::uint64_t address) { return Object(*memory_, address, 8).pointer(0); }

ContextInfo Reader::context_at(std::uint64_t node) {
  ContextInfo info;
  const Object context(*memory_, node, table_.context.size);
  const auto kind = context.at<std::uint8_t>(table_.context.kind);
  if (!context || kind > static_cast<std::uint8_t>(ContextInfo::Kind::detached)) return info;
  info.kind = static_cast<ContextInfo::Kind>(kind);
  info.parent = context.pointer(table_.context.parent);
  const auto& place = table_.signal;
  const Object signal(*memory_, node - place.context, place.size);
  if (info.kind != ContextInfo::Kind::signal || !signal) return info;
  info.label = label_at(signal, place.label, place.number);
  if (const std::uint64_t where = signal.pointer(place.where); where != 0) info.place = frame_at(where);
  if (context.at<std::uint8_t>(table_.context.err) != 0) {
    info.done_at = signal.at<std::int64_t>(place.done_at);
    info.cause = message_at(signal, place.cause);
    return info;
  }
  const Object parent(*memory_, info.parent, table_.context.size);
  const Object above(*memory_, parent.pointer(table_.context.signal), place.size);
  const auto deadline = signal.at<std::int64_t>(place.deadline);
  if (deadline != std::numeric_limits<std::int64_t>::max() &&
      (!above || deadline != above.at<std::int64_t>(place.deadline))) {
    info.deadline = deadline;
  }
  const Object maker(*memory_, signal.pointer(place.maker), table_.maker.size);
  if (maker.at<std::uint8_t>(table_.maker.outlived) == 0) return info;
  info.outlived_since = maker.at<std::int64_t>(table_.maker.since);
  info.owner = label_at(maker, table_.maker.label, table_.maker.number);
  info.owner_cause = message_at(maker, table_.maker.cause);
  return info;
}

bool Reader::read_task(RawTask& task) {
  const auto& place = table_.task;
  const Object record(*memory_, task.address, place.size);
  if (!record) return false;
  task.id = record.at<std::uint64_t>(place.id);
  task.owner = record.pointer(place.owner);
  if (const std::uint64_t extra = record.pointer(place.extra); extra != 0) task.name = extra + place.name;
  task.started = record.at<std::int64_t>(place.started);
  task.waits_since = record.at<std::int64_t>(place.waits_since);
  task.bytes = record.at<std::uint32_t>(place.bytes);
  task.site = record.at<std::uint16_t>(place.site);
  const unsigned wait = value_of(record.bits(place.wait), place.wait.mask);
  task.wait = wait < wait_kinds ? static_cast<WaitKind>(wait) : WaitKind::none;
  task.state = record.bits(place.leaked)     ? TaskState::leaked
               : record.bits(place.orphan)   ? TaskState::orphan
               : record.bits(place.detached) ? TaskState::detached
                                             : TaskState::owned;
  task.uncancellable = record.bits(place.uncancellable);
  task.stranded = record.bits(place.stranded);
  task.running = record.bits(place.running);
  if (record.bits(place.is_in_scope)) {
    const Object scoped(*memory_, task.address + place.scope, 8);
    task.scope = scoped.pointer(0);
  }
  saw(task.started);
  saw(task.waits_since);
  read_frames(task, record.pointer(place.innermost));
  return true;
}

void Reader::read_frames(RawTask& task, std::uint64_t frame) {
  constexpr std::size_t half = TaskInfo::max_frames / 2;
  std::vector<std::uint64_t> outermost;  // the last `half` frames, as a ring
  std::size_t count = 0;
  for (; frame != 0 && count < most_frames; ++count) {
    const Object promise(*memory_, frame, table_.frame.size);
    if (!promise) break;
    const std::uint64_t where = promise.pointer(table_.frame.where);
    if (count < half) {
      task.awaits.push_back(where);
    } else if (outermost.size() < half) {
      outermost.push_back(where);
    } else {
      outermost[count % half] = where;
    }
    frame = promise.pointer(table_.frame.parent);
  }
  if (count > 2 * half) {
    task.frames_left_out = count - 2 * half;
    std::ranges::rotate(outermost, outermost.begin() + static_cast<std::ptrdiff_t>(count % half));
  }
  task.awaits.insert(task.awaits.end(), outermost.begin(), outermost.end());
}

Reader::Walk Reader::walk(std::uint64_t loop, std::uint64_t list, const std::function<void(RawTask)>& add) {
  const std::uint64_t head = list + table_.list.head;
  const auto link = [&](std::uint64_t hook, std::uint32_t which) -> std::uint64_t {
    return Object(*memory_, hook + which, 8).pointer(0);
  };
  std::uint64_t previous = head;
  std::uint64_t hook = link(head, table_.list.next);
  if (hook == 0) return Walk::unreadable;
  for (std::size_t n = 0; hook != head; ++n) {
    // A list that is linked in both directions has no cycle without its head.
    if (link(hook, table_.list.prev) != previous || n == most_tasks_of_list) return Walk::changed;
    RawTask task;
    task.loop = loop;
    task.address = hook - table_.task.hook;
    if (!read_task(task)) return Walk::unreadable;
    add(std::move(task));
    previous = hook;
    hook = link(hook, table_.list.next);
    if (hook == 0) return Walk::changed;
  }
  return Walk::complete;
}

void Reader::each_task(std::uint64_t loop, const std::function<void(RawTask)>& add,
                       const std::function<void()>& commit, const std::function<void()>& drop) {
  const Object state(*memory_, loop, table_.loop.size);
  const std::uint64_t lists = state.pointer(table_.loop.tasks);
  if (!state || lists == 0) {
    remark("a loop at an unreadable address is left out");
    return;
  }
  for (std::uint32_t i = 0; i < table_.sites; ++i) {
    const std::uint64_t list = lists + std::uint64_t{i} * table_.list.size;
    Walk walked = walk(loop, list, add);
    for (int n = 1; n < attempts && walked != Walk::complete && memory_->now(); ++n) {
      drop();
      memory_->forget();
      walked = walk(loop, list, add);
    }
    if (walked != Walk::complete) {
      remark("loop " + detail::quoted(loop_name(loop)) + ": a list of tasks " +
             (walked == Walk::changed ? "kept changing, or is damaged: " : "could not be read to its end: ") +
             "some of its tasks are left out");
    }
    commit();
  }
}

const Reader::Site& Reader::site_of(const RawTask& task) {
  static const Site unknown{{"", "(unreadable place)", 0}};
  const Object state(*memory_, task.loop, table_.loop.size);
  const std::uint64_t address =
      state.pointer(table_.loop.metrics) + table_.site.table + std::uint64_t{task.site} * table_.site.size;
  if (const auto known = sites_.find(address); known != sites_.end()) return known->second;
  const Object entry(*memory_, address, table_.site.size);
  if (!entry || task.site >= table_.sites || sites_.size() >= most_known_places) return unknown;
  Site site;
  site.place.function = readable_function(text_at(entry.pointer(table_.site.function), longest_text));
  site.place.file = text_at(entry.pointer(table_.site.file), longest_text);
  site.place.line = entry.at<std::uint32_t>(table_.site.line);
  return sites_.emplace(address, std::move(site)).first->second;
}

std::string Reader::label_at(const Object& object, std::uint32_t label, std::uint32_t number) {
  const std::uint64_t text = object.pointer(label);
  if (text == 0) return {};
  const auto n = object.at<std::uint64_t>(number);
  return text_at(text, longest_name) + (n != 0 ? " " + std::to_string(n) : "");
}

std::string Reader::message_at(const Object& object, std::uint32_t cause) const {
  const auto value = object.at<std::int32_t>(cause);
  const std::uint64_t category = object.pointer(cause + 8);
  if (value == 0) return {};
  if (category == table_.categories[0]) return error_category().message(value);
  if (category == table_.categories[1] || category == table_.categories[2]) {
    return std::generic_category().message(value);
  }
  return "error " + std::to_string(value) + " of a category of the program";
}

void Reader::describe_owner(const RawTask& task, std::int64_t now, TaskInfo& info) {
  const auto& place = table_.context;
  std::uint64_t node = task.owner;
  for (std::size_t n = 0; node != 0 && n < most_ancestors; ++n) {
    const Object context(*memory_, node, place.size);
    if (!context) break;
    const auto kind = context.at<std::uint8_t>(place.kind);
    if (n == 0) info.role = context.at<std::uint8_t>(place.role) == 1 ? Role::request : Role::system;
    if (kind == static_cast<std::uint8_t>(detail::ContextNode::Kind::signal) && info.owner.empty()) {
      const Object signal(*memory_, context.pointer(place.signal), table_.signal.size);
      info.owner = label_at(signal, table_.signal.label, table_.signal.number);
    }
    if (kind == static_cast<std::uint8_t>(detail::ContextNode::Kind::value) && info.trace.empty()) {
      const Object held(*memory_, node, table_.value.size);
      if (held.pointer(table_.value.key) == table_.trace_key) {
        const std::uint64_t value = held.pointer(table_.value.value);
        Trace trace;
        trace.high = Object(*memory_, value + table_.value.trace_high, 8).pointer(0);
        trace.low = Object(*memory_, value + table_.value.trace_low, 8).pointer(0);
        info.trace = trace.id();
      }
    }
    node = context.pointer(place.parent);
  }
  const Object owner(*memory_, task.owner, place.size);
  const std::uint64_t signal_address = owner.pointer(place.signal);
  const Object signal(*memory_, signal_address, table_.signal.size);
  if (!signal || signal.at<std::uint8_t>(table_.signal.context + place.err) == 0) return;
  info.owner_done_for = since(now, signal.at<std::int64_t>(table_.signal.done_at));
  info.owner_cause = message_at(signal, table_.signal.cause);
}

TaskInfo Reader::describe(const RawTask& task, std::int64_t now) {
  TaskInfo info;
  info.id = task.id;
  if (task.name != 0) info.name = text_at(task.name, longest_name);
  info.loop = loop_name(task.loop);
  info.site = site_of(task).place;
  info.state = task.state;
  describe_owner(task, now, info);
  info.wait = task.wait;
  info.uncancellable = task.uncancellable;
  info.stranded = task.stranded;
  info.running = task.running;
  if (task.wait != WaitKind::none) info.waits_for = since(now, task.waits_since);
  info.age = since(now, task.started);
  info.frame_bytes = task.bytes;
  for (const std::uint64_t at : task.awaits) info.frames.push_back(frame_at(at));
  info.frames_left_out = task.frames_left_out;
  return info;
}

}  // namespace leash::outside
