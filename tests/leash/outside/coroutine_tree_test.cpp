// SPDX-License-Identifier: BSL-1.0
#include "leash/src/outside/coroutine_tree.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace leash {
namespace {

CoroutineGroup spawned(std::string function, std::uint64_t id, std::string by, std::size_t count = 1) {
  CoroutineGroup group;
  group.count = count;
  group.oldest.id = id;
  group.oldest.site.function = std::move(function);
  group.oldest.has_started = true;
  group.oldest.frames.push_back({group.oldest.site.function, "app.cpp", 7});
  group.oldest.spawner = by.empty() ? 0 : 99;
  group.oldest.spawned_by = std::move(by);
  group.oldest.state = group.oldest.spawner == 0 ? CoroutineState::detached : CoroutineState::spawned;
  return group;
}

TEST(CoroutineTree, PlacesGroupsBelowTheirSpawners) {
  std::vector<CoroutineGroup> groups{spawned("flush", 4, "session", 20), spawned("accept", 1, ""),
                                     spawned("session", 2, "accept", 20), spawned("stray", 3, "accept")};
  groups.back().oldest.spawner_ended = true;
  groups.back().oldest.state = CoroutineState::stray;
  groups.push_back(spawned("ping", 5, "pong"));
  groups.push_back(spawned("pong", 6, "ping"));
  Tree tree;
  tree.coroutines = outside::coroutine_tree(groups);
  EXPECT_EQ(to_text(tree), R"(coroutine 1 "accept" [running] detached, waits at app.cpp:7
  20 coroutines like coroutine 2 "session" [running] spawned, waits at app.cpp:7
    20 coroutines like coroutine 4 "flush" [running] spawned, waits at app.cpp:7
coroutine 3 "stray" [running] stray, spawned by accept which has ended, waits at app.cpp:7
coroutine 6 "pong" [running] spawned, waits at app.cpp:7
  coroutine 5 "ping" [running] spawned, waits at app.cpp:7
)");
}

}  // namespace
}  // namespace leash
