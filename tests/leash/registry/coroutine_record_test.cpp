// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/coroutine_record.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>

namespace leash::detail {
namespace {

TEST(CoroutineRecord, TheFirstOfASlabShareNoLineOfTheCache) {
  static CoroutineShard shard;  // the slab keeps its address
  std::set<std::uintptr_t> lines;
  std::size_t records = 0;
  for (const CoroutineRecord* record = more_records(shard); record; record = get(record->below)) {
    ++records;
    if (records > records_per_slab / 2) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(record);
    for (std::uintptr_t line = begin / 64; line <= (begin + sizeof *record - 1) / 64; ++line)
      EXPECT_TRUE(lines.insert(line).second) << "record " << records;
  }
  EXPECT_EQ(records, records_per_slab);
}

}  // namespace
}  // namespace leash::detail
