// SPDX-License-Identifier: BSL-1.0
#pragma once
// The tasks and coroutines that a leak check ignores (leash/leak_check.hpp).
//
// Requires       ignore_current, ignore_owner and only_owner are called on the loop's thread, or while nothing runs the loop.
// Guarantees     a task that matches any of the conditions is ignored.
// Threads        a value; copies may be made and dropped on other threads.
// Lifetime       options that name a context hold it until all their copies are gone.
//
//   leash::LeakOptions options;
//   options.ignore_current(loop).ignore_site("server/listener.cpp").maximum_wait(5s);
//   options.ignore_top_function("poll").ignore_any_function("vendor::*");
//   leash::verify_none(loop, options);  // or find_leaks

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/contexts.hpp"
#include "leash/coroutines.hpp"
#include "leash/dump.hpp"
#include "leash/loop_base.hpp"

namespace leash {

/// What to ignore; a task is ignored if any of these matches. Functions and names are written as in reports, and each
/// text may be a pattern: "app::*" (leash/task_filter.hpp).
class LeakOptions {
 public:
  /// The tasks and contexts that are alive in this loop now; a later loop at the same address is a different loop.
  LeakOptions& ignore_current(const LoopBase& loop);
  /// The tracked coroutines (leash/coroutines.hpp) that are alive now, of any context.
  LeakOptions& ignore_current_coroutines();
  /// Tasks whose site, as "path:line", contains this.
  LeakOptions& ignore_site(std::string part);
  /// Tasks started by this function.
  LeakOptions& ignore_started_by(std::string function);
  /// Tasks whose innermost await is in this function.
  LeakOptions& ignore_top_function(std::string function);
  /// Tasks with any await in this function; the function that started the task does not count.
  LeakOptions& ignore_any_function(std::string function);
  LeakOptions& ignore_name(std::string name);
  /// Tasks whose owner, or a context above it, has this label: "request", or "request 918".
  LeakOptions& ignore_owner(std::string label);
  /// Tasks whose owner is this context or one below it. The context is held until the options are destroyed, which must
  /// happen on the loop's thread or while nothing runs the loop.
  LeakOptions& ignore_owner(const Context& ctx);
  /// The reverse: checks only tasks whose owner is this context or one below it. Held in the same way.
  LeakOptions& only_owner(const Context& ctx);

  /// In steady time. Default 1 s.
  LeakOptions& maximum_wait(Duration wait);
  /// Called at the end of a check with the resulting exit status: 0, or 1 if there were leaks.
  LeakOptions& cleanup(std::function<void(int)> f);

  Duration maximum_wait() const noexcept { return maximum_wait_; }
  void clean_up(int status) const;
  /// Whether the loop has a task that is not ignored; and all such tasks.
  bool finds_any(const LoopBase& loop) const;
  Dump find(const LoopBase& loop) const;
  /// The contexts that are not done although the owner of the task that made them is, and that are not ignored: by
  /// their line (ignore_site), function (ignore_started_by), owner, or because they were there before (ignore_current).
  std::vector<ContextGroup> find_contexts(const LoopBase& loop) const;
  /// The coroutines of an execution context, given by its address, that are not ignored.
  std::vector<CoroutineInfo> find_coroutines(const void* context) const;

 private:
  bool leaves_out(const detail::TaskRecord& task) const;
  bool leaves_out(const CoroutineInfo& coroutine) const;
  bool leaves_out(const detail::Maker& context) const;
  struct Newest {
    std::uint64_t task = 0;
    std::uint64_t context = 0;
  };
  Newest newest_then(const LoopBase& loop) const noexcept;

  std::map<std::uint64_t, Newest> newest_then_;  ///< by the loop's number
  std::vector<std::uint64_t> coroutines_then_;
  std::vector<std::string> sites_;
  std::vector<std::string> creators_;
  std::vector<std::string> top_functions_;
  std::vector<std::string> functions_;
  std::vector<std::string> names_;
  std::vector<std::string> owners_;
  /// Shared: copies of the options are made on other threads, and do not touch the contexts.
  std::vector<std::shared_ptr<const Context>> ancestors_;
  std::shared_ptr<const Context> only_below_;
  Duration maximum_wait_ = std::chrono::seconds(1);
  std::function<void(int)> cleanup_;
};

}  // namespace leash
