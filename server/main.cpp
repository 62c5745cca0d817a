// SPDX-License-Identifier: BSL-1.0
#include "server/program.hpp"

#ifdef LEASH_SERVER_CHARGES_HEAP
#  include "leash/heap.hpp"
constexpr auto set_heap_rate = leash::set_heap_rate;
#else
constexpr void (*set_heap_rate)(std::size_t) = nullptr;
#endif

int main(int argc, char** argv) { return server::program(argc, argv, set_heap_rate); }
