// SPDX-License-Identifier: BSL-1.0
#include "leash/go.hpp"

#include "leash/detail/loop_state.hpp"

namespace leash::detail {

void start(ContextNode& owner, PromiseBase& root, bool returns_result, std::string_view name,
           const std::source_location& where) {
  owner.signal->loop->start(owner, root, returns_result, name, where, nullptr);
}

}  // namespace leash::detail
