// SPDX-License-Identifier: BSL-1.0
#include "leash/test_loop.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "leash/detail/loop_state.hpp"

namespace leash::testing {
inline namespace LEASH_FLAVOR {

TestLoop::TestLoop(LoopOptions options)
    : loop_(io_, [&] {
        options.clock = &clock_;
        if (!options.on_exception) {
          options.on_exception = [this](std::exception_ptr exception, const TaskInfo*) {
            if (!exception_) exception_ = std::move(exception);
          };
        }
        return std::move(options);
      }()) {}

TestLoop::~TestLoop() = default;

void TestLoop::run_what_is_ready() {
  constexpr auto patience = std::chrono::milliseconds(100);
  for (bool more = true; more;) {
    if (io_.stopped()) io_.restart();
    more = io_.poll() != 0 || (loop_.state().in_flight() && io_.run_one_for(patience) != 0);
  }
}

Result<> TestLoop::run() {
  for (;;) {
    run_what_is_ready();
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
    if (live_tasks(loop_) == 0) return {};
    if (!settled_.empty()) {
      const auto waiting = std::exchange(settled_, {});  // which closes when it is destroyed
    } else if (loop_.state().deadlocked()) {
      return std::unexpected(make_error_code(errc::deadlock));
    } else if (const auto next = loop_.state().next_timer()) {
      clock_.advance(std::max(*next - clock_.now(), Duration::zero()));
    } else {
      io_.run_one_for(std::chrono::milliseconds(10));  // another thread may wake them
    }
  }
}

}  // namespace LEASH_FLAVOR
}  // namespace leash::testing
