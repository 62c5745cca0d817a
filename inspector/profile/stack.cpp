// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile/stack.hpp"

#include "leash/wait_point.hpp"

namespace inspector {

std::vector<leash::Frame> stack_of(const leash::TaskInfo& task) {
  std::vector<leash::Frame> stack;
  stack.reserve(task.frames.size() + 2);
  stack.push_back({"[" + std::string(to_string(task.wait)) + "]", "", 0});
  stack.insert(stack.end(), task.frames.begin(), task.frames.end());
  stack.push_back({"started by " + (task.site.function.empty() ? "code without a name" : task.site.function),
                   task.site.file, task.site.line});
  return stack;
}

std::vector<leash::Frame> stack_of(const leash::CoroutineInfo& coroutine) {
  std::vector<leash::Frame> stack;
  stack.reserve(coroutine.frames.size() + 2);
  stack.push_back({"[" + std::string(to_string(coroutine.wait)) + "]", "", 0});
  for (const leash::CoroutinePlace& frame : coroutine.frames) {
    stack.push_back({frame.function, frame.file, frame.line});
  }
  stack.push_back(
      {coroutine.spawner == 0 ? "spawned outside of any coroutine" : "spawned by " + coroutine.spawned_by, "",
       0});
  return stack;
}

}  // namespace inspector
