// SPDX-License-Identifier: BSL-1.0
#pragma once
// Entries of dumps for the tests of profiles.
//
//   const leash::Dump dump = dump_of({leaked_replicas(3)});

#include <chrono>
#include <utility>
#include <vector>

#include "leash/dump.hpp"

inline leash::TaskGroup leaked_replicas(std::size_t count) {
  using namespace std::chrono_literals;
  leash::TaskGroup group;
  group.count = count;
  group.frame_bytes = 1230 * count;
  group.waiting = 2s * count;
  group.oldest.loop = "worker 0";
  group.oldest.site = {"fan_out", "server/patterns/send.cpp", 60};
  group.oldest.state = leash::TaskState::leaked;
  group.oldest.owner = "request 918";
  group.oldest.owner_cause = "client disconnected";
  group.oldest.trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  group.oldest.wait = leash::WaitKind::chan_send;
  group.oldest.age = 3s;
  group.oldest.frames = {{"produce", "server/patterns/send.cpp", 41},
                         {"replica", "server/patterns/send.cpp", 63}};
  return group;
}

inline leash::Dump dump_of(std::vector<leash::TaskGroup> entries) {
  leash::Dump dump;
  dump.entries = std::move(entries);
  for (const leash::TaskGroup& entry : dump.entries) dump.matched += entry.count;
  dump.live = dump.matched;
  return dump;
}
