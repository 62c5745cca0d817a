// SPDX-License-Identifier: BSL-1.0
#include "client/ps/listing.hpp"

#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "client/ps/image.hpp"
#include "client/ps/target.hpp"
#include "leash/dump.hpp"
#include "leash/json.hpp"
#include "leash/src/outside/reader.hpp"
#include "leash/src/outside/tree_reader.hpp"

namespace client {
namespace {

using leash::outside::Reader;
using nlohmann::ordered_json;

// A process may have several: leash in the program, and in a library of its own.
std::expected<std::vector<Reader>, std::string> readers_of(const Target& target,
                                                           leash::outside::CachedMemory& memory) {
  std::vector<Reader> readers;
  std::string refusal = "there is no leash in " + target.name() + ", or none that can be found";
  for (const std::uint64_t base : target.images()) {
    const auto table = find_table(memory, base);
    if (!table) continue;
    auto reader = Reader::open(memory, *table);
    if (reader) {
      readers.push_back(std::move(*reader));
    } else {
      refusal = target.name() + ": " + reader.error();
    }
  }
  if (readers.empty()) return std::unexpected(refusal);
  return readers;
}

void append(std::vector<std::string>& remarks, const std::vector<std::string>& more) {
  remarks.insert(remarks.end(), more.begin(), more.end());
}

std::string written(ordered_json json, const Target& target, const std::vector<std::string>& remarks) {
  json["from"] = target.name();
  json["remarks"] = remarks;
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string flat(const Target& target, std::vector<Reader>& readers, bool json) {
  std::vector<leash::Dump> dumps;
  std::vector<std::string> remarks;
  for (Reader& reader : readers) {
    dumps.push_back(reader.dump({}));
    append(remarks, reader.remarks());
  }
  append(remarks, target.remarks());
  const leash::Dump all = leash::merge(std::move(dumps), {});
  if (json) return written(leash::to_json(all), target, remarks);
  std::string text;
  for (const std::string& remark : remarks) text += "note: " + remark + "\n";
  return text + target.name() + ": " + leash::to_text(all);
}

std::string tree(const Target& target, std::vector<Reader>& readers, bool json) {
  leash::Tree all;
  for (Reader& reader : readers) {
    leash::Tree one = leash::outside::read_tree(reader, leash::most_in_tree);
    std::ranges::move(one.loops, std::back_inserter(all.loops));
    std::ranges::move(one.cycles, std::back_inserter(all.cycles));
    append(all.remarks, one.remarks);
  }
  append(all.remarks, target.remarks());
  if (json) return written(leash::to_json(all), target, all.remarks);
  return leash::to_text(all);
}

}  // namespace

std::expected<std::string, std::string> list_tasks(const std::string& process_or_core,
                                                   const ListingOptions& options) {
  auto target = open_target(process_or_core, options.binary);
  if (!target) return std::unexpected(target.error());
  leash::outside::CachedMemory memory((*target)->memory());
  auto readers = readers_of(**target, memory);
  if (!readers) return std::unexpected(readers.error());
  return options.tree ? tree(**target, *readers, options.json) : flat(**target, *readers, options.json);
}

}  // namespace client
