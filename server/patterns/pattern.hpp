// SPDX-License-Identifier: BSL-1.0
#pragma once
// Ways to leak, each in one file with a leaky and a fixed version a few lines apart.
//
// What it is     find_pattern(name) gives both versions; the handler of /demo runs the one for the request's mode.
//                PatternState is the state that each worker keeps for them.
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

// Memory that a task holds, like the captures of a real task: filled when created, read when used.
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

// A Cancel that the author meant to call later.
struct ParkedCancel {
  leash::Context carrying;
  leash::Cancel cancel;
};

struct Pattern;

// The state of the patterns per loop; it outlives requests.
struct PatternState {
  std::vector<ParkedCancel> parked;    // used by the leaky version of `timer`
  std::shared_ptr<Upstream> upstream;  // used by `upstream`; set before the first call
  std::size_t turn = 0;                // the next pattern of `mixed`

  const Pattern& next() noexcept;
};

// The parameters of a pattern; each version gets a copy.
struct Demo {
  leash::Context ctx;     // the request's
  leash::Context server;  // lives as long as the loop
  PatternState* state;    // the loop's
  int fanout;
  leash::Duration latency;
  std::size_t payload;
};

// How many tasks a request started, how many of them it waited for, and how many it left behind.
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
      nullptr;  // returns why another leaky request is refused; may be null
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

// In the order of `mixed`.
std::span<const Pattern> patterns() noexcept;
// Null if there is none. Accepts the names of version 0.1 too: `loop` and `lock`.
const Pattern* find_pattern(std::string_view name) noexcept;
// "receive, send, ..., mixed", for error messages.
const std::string& pattern_names();

}  // namespace server
