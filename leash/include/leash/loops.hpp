// SPDX-License-Identifier: BSL-1.0
#pragma once
// The loops of this process, for what looks at all of them.
//
// What it is     a RemoteLoop is a loop as other threads know it: its name, its metrics, and a way to run a function there.
// Guarantees     a function that is posted runs on the loop's thread in a turn of its own; if the loop goes before, the
//                function is dropped. Looking at the list waits for no loop.
// Threads        any.
// Lifetime       a RemoteLoop may outlive its loop.
//
//   for (const leash::RemoteLoop& remote : leash::all_loops()) {
//     (void)remote.post([](leash::Loop& loop) { std::cout << leash::to_text(leash::take_dump(loop)); });
//   }

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "leash/loop.hpp"
#include "leash/metrics.hpp"

namespace leash {

class RemoteLoop {
 public:
  explicit RemoteLoop(const Loop& loop) : name_(loop.name()), metrics_(loop.metrics()) {}

  const std::string& name() const noexcept { return name_; }
  const std::shared_ptr<const Metrics>& metrics() const noexcept { return metrics_; }
  bool is_alive() const;

  /// False: the loop has gone.
  bool post(std::move_only_function<void(Loop&)> f) const;

  /// Whether both are the same loop.
  bool operator==(const RemoteLoop& other) const noexcept { return metrics_ == other.metrics_; }

 private:
  std::string name_;
  std::shared_ptr<const Metrics> metrics_;  ///< no other loop has the same
};

/// In the order in which they were made.
std::vector<RemoteLoop> all_loops();

/// all_loops() has it no more: for the loop of what looks at the others.
void leave_out(const Loop& loop);

}  // namespace leash
