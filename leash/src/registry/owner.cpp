// SPDX-License-Identifier: BSL-1.0
#include "leash/owner.hpp"

namespace leash {

Owner::Handles::~Handles() { state->end({}); }

Owner::Owner(std::string_view label) : handles_(new Handles{std::make_shared<detail::OwnerState>(label)}) {}

void Owner::end(std::error_code cause) const { state().end(cause); }

}  // namespace leash
