// SPDX-License-Identifier: BSL-1.0
#pragma once
// Makes the tree of leash/tree.hpp from the memory of this process or of another one. Internal.
//
// Guarantees     as in Reader: ends for any contents of the memory.
// Threads        one.
//
//   auto reader = outside::Reader::open(memory, table_address);
//   const leash::Tree tree = outside::read_tree(*reader, leash::most_in_tree);

#include <cstddef>
#include <vector>

#include "../registry/coroutine_look.hpp"
#include "leash/tree.hpp"
#include "reader.hpp"

namespace leash::outside {

// Coroutines in one chain with tasks are known only inside their own process.
Tree read_tree(Reader& reader, std::size_t most, const std::vector<detail::MixedChain>& chains = {});

}  // namespace leash::outside
