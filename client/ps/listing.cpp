// SPDX-License-Identifier: BSL-1.0
#include "client/ps/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "client/ps/image.hpp"
#include "client/ps/target.hpp"
#include "leash/coroutines.hpp"
#include "leash/dump.hpp"
#include "leash/json.hpp"
#include "leash/src/outside/coroutine_reader.hpp"
#include "leash/src/outside/coroutine_tree.hpp"
#include "leash/src/outside/note.hpp"
#include "leash/src/outside/reader.hpp"
#include "leash/src/outside/tree_reader.hpp"

namespace client {
namespace {

using leash::outside::CoroutineReader;
using leash::outside::Reader;
using nlohmann::ordered_json;

// There may be several: the program and each of its libraries can contain leash.
struct Found {
  std::vector<Reader> loops;
  std::vector<CoroutineReader> coroutines;
};

template <class SomeReader>
void find(const Target& target, leash::outside::CachedMemory& memory, std::uint32_t note,
          std::vector<SomeReader>& readers, std::string& refusal) {
  for (const std::uint64_t base : target.images()) {
    const auto table = find_table(memory, base, note);
    if (!table) continue;
    auto reader = SomeReader::open(memory, *table);
    if (reader) {
      readers.push_back(std::move(*reader));
    } else {
      refusal = fmt::format("{}: {}", target.name(), reader.error());
    }
  }
}

std::expected<Found, std::string> find_readers(const Target& target, leash::outside::CachedMemory& memory) {
  Found found;
  std::string refusal = fmt::format("found no leash library in {}", target.name());
  find(target, memory, leash::outside::coroutines_note, found.coroutines, refusal);
  find(target, memory, leash::outside::loops_note, found.loops, refusal);
  if (found.loops.empty() && found.coroutines.empty()) return std::unexpected(refusal);
  return found;
}

void append(std::vector<std::string>& remarks, const std::vector<std::string>& more) {
  remarks.insert(remarks.end(), more.begin(), more.end());
}

struct Coroutines {
  std::uint64_t live = 0;
  std::vector<leash::CoroutineGroup> groups;
};

Coroutines coroutines_of(Found& found, std::vector<std::string>& remarks) {
  Coroutines all;
  for (CoroutineReader& reader : found.coroutines) {
    std::ranges::move(reader.groups(), std::back_inserter(all.groups));
    append(remarks, reader.remarks());
  }
  for (const leash::CoroutineGroup& group : all.groups) all.live += group.count;
  return all;
}

std::string to_text(const Coroutines& coroutines) {
  std::string text =
      std::to_string(coroutines.live) + (coroutines.live == 1 ? " coroutine\n" : " coroutines\n");
  for (const leash::CoroutineGroup& group : coroutines.groups) text += "\n" + leash::to_text(group);
  return text;
}

std::string written(ordered_json json, const Coroutines& coroutines, const Target& target,
                    const std::vector<std::string>& remarks) {
  json["live_coroutines"] = coroutines.live;
  json["from"] = target.name();
  json["remarks"] = remarks;
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string flat(const Target& target, Found& found, bool json) {
  std::vector<leash::Dump> dumps;
  std::vector<std::string> remarks;
  for (Reader& reader : found.loops) {
    dumps.push_back(reader.dump({}));
    append(remarks, reader.remarks());
  }
  const Coroutines coroutines = coroutines_of(found, remarks);
  append(remarks, target.remarks());
  const leash::Dump all = leash::merge(std::move(dumps), {});
  if (json) {
    ordered_json members = leash::to_json(all);
    ordered_json& list = members["coroutines"] = ordered_json::array();
    for (const leash::CoroutineGroup& group : coroutines.groups) list.push_back(leash::to_json(group));
    return written(std::move(members), coroutines, target, remarks);
  }
  std::string text;
  for (const std::string& remark : remarks) text += fmt::format("note: {}\n", remark);
  if (!found.loops.empty()) text += fmt::format("{}: {}", target.name(), leash::to_text(all));
  if (coroutines.live > 0 || found.loops.empty()) {
    text += (found.loops.empty() ? target.name() + ": " : "\n") + to_text(coroutines);
  }
  return text;
}

std::string tree(const Target& target, Found& found, bool json) {
  leash::Tree all;
  for (Reader& reader : found.loops) {
    leash::Tree one = leash::outside::read_tree(reader, leash::most_in_tree);
    std::ranges::move(one.loops, std::back_inserter(all.loops));
    std::ranges::move(one.cycles, std::back_inserter(all.cycles));
    append(all.remarks, one.remarks);
  }
  const Coroutines coroutines = coroutines_of(found, all.remarks);
  append(all.remarks, target.remarks());
  all.coroutines = leash::outside::coroutine_tree(coroutines.groups);
  return json ? written(leash::to_json(all), coroutines, target, all.remarks) : leash::to_text(all);
}

}  // namespace

std::expected<std::string, std::string> list_tasks(const std::string& process_or_core,
                                                   const ListingOptions& options) {
  auto target = open_target(process_or_core, options.binary);
  if (!target) return std::unexpected(target.error());
  leash::outside::CachedMemory memory((*target)->memory());
  auto found = find_readers(**target, memory);
  if (!found) return std::unexpected(found.error());
  return options.tree ? tree(**target, *found, options.json) : flat(**target, *found, options.json);
}

}  // namespace client
