// SPDX-License-Identifier: BSL-1.0
#pragma once
// All loops of this process.
//
// What it is     a RemoteLoop is a loop as other threads see it: its name, its metrics, and a way to run a function on it.
// Guarantees     a posted function runs on the loop's thread in a turn of its own; if the loop is destroyed first, the
//                function is dropped. Listing the loops waits for none of them.
// Threads        any.
// Lifetime       a RemoteLoop may outlive its loop.
//
//   for (const leash::RemoteLoop& remote : leash::all_loops()) {
//     (void)remote.post([](leash::LoopBase& loop) { std::cout << leash::to_text(leash::take_dump(loop)); });
//   }

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "leash/loop_base.hpp"
#include "leash/metrics.hpp"

namespace leash {

class RemoteLoop {
 public:
  explicit RemoteLoop(const LoopBase& loop) : name_(loop.name()), metrics_(loop.metrics()) {}

  const std::string& name() const noexcept { return name_; }
  const std::shared_ptr<const Metrics>& metrics() const noexcept { return metrics_; }
  bool is_alive() const;

  /// Returns false if the loop is gone.
  bool post(std::move_only_function<void(LoopBase&)> f) const;

  /// Whether both are the same loop.
  bool operator==(const RemoteLoop& other) const noexcept { return metrics_ == other.metrics_; }

 private:
  std::string name_;
  std::shared_ptr<const Metrics> metrics_;  ///< unique per loop
};

/// In the order of their creation.
std::vector<RemoteLoop> all_loops();

/// Removes the loop from all_loops(), for a loop that inspects the others.
void leave_out(const LoopBase& loop);

}  // namespace leash
