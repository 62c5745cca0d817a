// SPDX-License-Identifier: BSL-1.0
#include "leash/owner.hpp"

#include <cstdio>
#include <cstdlib>

namespace leash {

Owner::Handles::~Handles() { state->end({}); }

Owner::Owner(std::string_view label) : handles_(new Handles{std::make_shared<detail::OwnerState>(label)}) {}

const std::shared_ptr<detail::OwnerState>& Owner::shared_state() const noexcept {
  if (!handles_) {
    std::fputs("leash: Owner used after it was moved from\n", stderr);
    std::abort();
  }
  return handles_->state;
}

void Owner::end(std::error_code cause) const { state().end(cause); }

}  // namespace leash
