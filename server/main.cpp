// SPDX-License-Identifier: BSL-1.0
#include "server/program.hpp"

#ifdef LEASH_SERVER_CHARGES_HEAP
#  include <cstdlib>

#  include "leash/heap.hpp"
#endif

int main(int argc, char** argv) {
#ifdef LEASH_SERVER_CHARGES_HEAP
  // A leaked task of the demonstration holds 16 KiB: with samples closer than that, the figures of a few tasks are right, too.
  if (!std::getenv("LEASH_HEAP_RATE")) leash::set_heap_rate(4096);
#endif
  return server::program(argc, argv);
}
