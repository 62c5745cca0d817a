// SPDX-License-Identifier: BSL-1.0
#pragma once
// A task that runs for an asio::awaitable. Internal: leash/awaitable.hpp is what users see.

#include <cstdint>
#include <source_location>

#include "leash/detail/task_record.hpp"

namespace leash::detail {

// While a task runs for a coroutine, the report of each names the other.
class RunsFor {
 public:
  RunsFor(std::uint64_t coroutine, const std::source_location& site);  // the running task
  RunsFor(const RunsFor&) = delete;
  RunsFor& operator=(const RunsFor&) = delete;
  ~RunsFor();

 private:
  const std::uint64_t coroutine_;  // 0 if it is not tracked
  TaskRecord* task_;
};

}  // namespace leash::detail
