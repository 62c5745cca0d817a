// SPDX-License-Identifier: BSL-1.0
// The memory of a process, as leash-client ps reads it. For any contents, the reader ends, and its counts agree with
// its lists.

#include "leash/src/outside/reader.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "leash/loop.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace leash::outside;

constexpr std::uint64_t table_at = 0x1000;
constexpr std::uint64_t memory_at = 0x10000;
constexpr std::uint64_t memory_size = 0x8000;

// The table at one address, and the repeated input at another.
class InputMemory final : public Memory {
 public:
  InputMemory(const Layout& table, std::string_view input) : table_(table), input_(input) {}

  bool read(std::uint64_t address, void* to, std::size_t bytes) override {
    auto* out = static_cast<char*>(to);
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::uint64_t at = address + i;
      if (at >= memory_at && at < memory_at + memory_size && !input_.empty()) {
        out[i] = input_[(at - memory_at) % input_.size()];
      } else if (at / 0x1000 == table_at / 0x1000) {
        const std::size_t offset = at - table_at;
        out[i] = offset < sizeof table_ ? reinterpret_cast<const char*>(&table_)[offset] : '\0';
      } else {
        return false;
      }
    }
    return true;
  }

 private:
  const Layout& table_;
  std::string_view input_;
};

const Layout& real_table() {
  static const Layout table = [] {
    asio::io_context io{1};
    const leash::Loop loop(io);  // measures
    Layout measured = leash_outside_layout;
    measured.loops = {};
    measured.loops[0] = memory_at;
    return measured;
  }();
  return table;
}

}  // namespace

static_assert(sizeof(Layout) <= 0x1000);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Layout table = real_table();
  if (size > 1 && data[0] == 'T') {  // the table itself is broken
    input.remove_prefix(1);
    constexpr std::size_t fixed = offsetof(Layout, loops);
    std::memcpy(reinterpret_cast<char*>(&table) + fixed, input.data(),
                std::min(input.size(), sizeof table - fixed));
  }
  InputMemory input_memory(table, input);
  CachedMemory memory(input_memory);
  auto reader = Reader::open(memory, table_at);
  if (!reader) {
    fuzz::require(!reader.error().empty(), "a refusal says why");
    return 0;
  }
  for (const bool full : {false, true}) {
    leash::DumpOptions options;
    options.full = full;
    options.filter.limit = 100;
    const leash::Dump dump = reader->dump(options);
    fuzz::require(dump.matched == dump.live, "without a filter all tasks meet it");
    fuzz::require(dump.entries.size() <= 100, "the limit holds");
    std::size_t shown = 0;
    for (const leash::TaskGroup& entry : dump.entries) shown += entry.count;
    fuzz::require(shown <= dump.matched, "no more is shown than there is");
    fuzz::require(!to_text(dump).empty(), "it can be written");
  }
  return 0;
}
