// SPDX-License-Identifier: BSL-1.0
#pragma once
// Makes the tree of leash/tree.hpp from memory, of this process or of another one. Internal.
//
// Guarantees     as those of Reader: ends, whatever is in that memory.
// Threads        one.
//
//   auto reader = outside::Reader::open(memory, table_address);
//   const leash::Tree tree = outside::read_tree(*reader, leash::most_in_tree);

#include <cstddef>

#include "leash/tree.hpp"
#include "reader.hpp"

namespace leash::outside {

Tree read_tree(Reader& reader, std::size_t most);

}  // namespace leash::outside
