// SPDX-License-Identifier: BSL-1.0
// Copied beside each program here: one task that waits, and the site that is reported of it.
#include <asio/io_context.hpp>
#include <cstdio>
#include <string>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/snapshot.hpp"

inline leash::Task<> receive(leash::Context, leash::Channel<int> channel) {
  (void)co_await channel.receive();
}

// 0 if the site is as the project that is built has it.
inline int reported_site_is(const std::string& expected) {
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::Channel<int> channel;
  leash::go(loop.background(), receive(loop.background(), channel));
  io.poll();
  const auto tasks = leash::snapshot(loop);
  if (tasks.size() == 1 && tasks[0].site.file == expected && tasks[0].frames.at(0).file == expected) return 0;
  for (const auto& task : tasks)
    std::printf("reported %s, expected %s\n", task.site.file.c_str(), expected.c_str());
  return 1;
}
