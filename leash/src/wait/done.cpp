// SPDX-License-Identifier: BSL-1.0
#include "leash/done.hpp"

namespace leash::detail {

void DoneState::close() noexcept {
  if (std::exchange(closed, true)) return;
  const Ref<DoneState> keep(this);
  tell_all(waiters);
}

}  // namespace leash::detail
