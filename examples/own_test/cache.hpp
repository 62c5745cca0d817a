// SPDX-License-Identifier: BSL-1.0
#pragma once
// The code under test: a cache that loads each value once, however many tasks ask for it meanwhile.

#include <functional>
#include <map>
#include <string>

#include "leash/context.hpp"
#include "leash/done.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

class Cache {
 public:
  using Load = std::function<leash::Task<leash::Result<std::string>>(leash::Context, std::string key)>;
  explicit Cache(Load load) : load_(std::move(load)) {}

  // The result of `load` for the key; an error goes to all tasks that waited for it, and is not cached.
  leash::Task<leash::Result<std::string>> get(leash::Context ctx, std::string key);

 private:
  Load load_;
  std::map<std::string, std::string> values_;
  std::map<std::string, leash::DoneSource>
      loading_;  // closed when the value is loaded, or the load has failed
};
