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

}  // namespace inspector
