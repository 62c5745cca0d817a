// SPDX-License-Identifier: BSL-1.0
#pragma once
// Ways to leak, each written twice: a leaky and a fixed version, a few lines apart, in one file each.
//
// What it is     find_pattern(name) gives both versions; the handler of /demo runs the one of the request's
//                mode. PatternState is what each worker keeps for them.
// Threads        the loop's thread.
//
//   const server::Pattern* pattern = server::find_pattern("receive");
//   auto tally = co_await pattern->leaky(demo);

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace server {

class Upstream;

// What a task holds on to, as a real one holds what it captured: filled when made, read when used.
class Payload {
 public:
  explicit Payload(std::size_t bytes) : bytes_(bytes, 'x') {}
  std::uint64_t read() const noexcept;

 private:
  std::string bytes_;
};

// The key under which a context carries a payload.
struct Carried {
  using type = Payload;
};

// Cancels that the author meant to call later.
struct ParkedCancel {
  leash::Context carrying;
  leash::Cancel cancel;
};

struct Pattern;

// What the patterns keep for a loop, beyond the requests.
struct PatternState {
  std::vector<ParkedCancel> parked;    // of leaky `timer`
  std::shared_ptr<Upstream> upstream;  // of `upstream`; set before it is called
  std::size_t turn = 0;                // of `mixed`

  const Pattern& next() noexcept;
};

// What a pattern works with; copied into it.
struct Demo {
  leash::Context ctx;     // the request's
  leash::Context server;  // lives as long as the loop
  PatternState* state;    // of the loop
  int fanout;
  leash::Duration latency;
  std::size_t payload;
};

// Of the tasks that a request started: how many it waited for, and how many it left behind.
struct Tally {
  int started = 0;
  int joined = 0;
  int left() const noexcept { return started - joined; }
};

using PatternFunction = leash::Task<leash::Result<Tally>> (*)(Demo);

struct Pattern {
  std::string_view name;
  PatternFunction leaky;
  PatternFunction fixed;
  const char* (*limit)(const PatternState&) =
      nullptr;  // why no further leaky request can be served; may be null
};

leash::Task<leash::Result<Tally>> receive_leaky(Demo demo);
leash::Task<leash::Result<Tally>> receive_fixed(Demo demo);
leash::Task<leash::Result<Tally>> send_leaky(Demo demo);
leash::Task<leash::Result<Tally>> send_fixed(Demo demo);
leash::Task<leash::Result<Tally>> poller_leaky(Demo demo);
leash::Task<leash::Result<Tally>> poller_fixed(Demo demo);
leash::Task<leash::Result<Tally>> error_leaky(Demo demo);
leash::Task<leash::Result<Tally>> error_fixed(Demo demo);
leash::Task<leash::Result<Tally>> timer_leaky(Demo demo);
leash::Task<leash::Result<Tally>> timer_fixed(Demo demo);
leash::Task<leash::Result<Tally>> upstream_leaky(Demo demo);
leash::Task<leash::Result<Tally>> upstream_fixed(Demo demo);
const char* upstream_limit(const PatternState& state);
leash::Task<leash::Result<Tally>> wait_group_leaky(Demo demo);
leash::Task<leash::Result<Tally>> wait_group_fixed(Demo demo);

// In the order in which `mixed` takes them in turn.
std::span<const Pattern> patterns() noexcept;
// Null: there is none. Also by the names of version 0.1: `loop` and `lock`.
const Pattern* find_pattern(std::string_view name) noexcept;
// "receive, send, ..., mixed", for messages.
const std::string& pattern_names();

}  // namespace server
