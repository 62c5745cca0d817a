#include "leash/done.hpp"

namespace leash::detail {

void DoneState::close() noexcept {
  if (std::exchange(closed, true)) return;
  const Ref<DoneState> keep(this);
  while (auto* hook = waiters.front()) {
    hook->unlink();
    auto& waiter = static_cast<Dependent&>(*hook);
    waiter.on_done(waiter);
  }
}

}  // namespace leash::detail
