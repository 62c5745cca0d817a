// SPDX-License-Identifier: BSL-1.0
#include "cache.hpp"

#include <utility>

leash::Task<leash::Result<std::string>> Cache::get(leash::Context ctx, std::string key) {
  while (true) {
    if (auto found = values_.find(key); found != values_.end()) co_return found->second;
    auto other = loading_.find(key);
    if (other == loading_.end()) break;
    leash::Done done = other->second.done();
    // With ctx the caller may leave. Without it, a load that never ends would block every caller.
    if (auto waited = co_await done.wait(ctx); !waited) co_return std::unexpected(waited.error());
  }

  auto loading = loading_.emplace(key, leash::DoneSource()).first;
  auto loaded = co_await load_(ctx, key);
  if (loaded) values_[key] = *loaded;
  loading_.erase(loading);  // wakes the waiting tasks
  co_return loaded;
}
