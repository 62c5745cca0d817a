#include "leash/detail/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace leash {

void fail(const char* what, std::source_location where) noexcept {
  std::fprintf(stderr, "leash: %s (%s:%u)\n", what, where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace leash
