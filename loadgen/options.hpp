#pragma once
// The command line of leash-load.
//
// Guarantees     what is returned is valid; of what is wrong there is one line.
// Threads        any.
//
//   auto options = loadgen::parse_command_line(argc, argv);
//   if (!options) return say(options.error());

#include <expected>
#include <string>
#include <vector>

#include "http/target.hpp"
#include "leash/clock.hpp"
#include "loadgen/plan.hpp"

namespace loadgen {

struct Target {
  std::string address;  // as it was given
  Plan plan;
  http::Url metrics;
};

struct Options {
  std::vector<Target> targets;  // run: one; compare: the fixed and the leaky one
  leash::Duration drain_timeout{};
  std::string json_file;  // empty: none
  bool quiet = false;

  bool is_compare() const noexcept { return targets.size() == 2; }
};

struct Message {
  std::string text;
  int exit_status = 0;  // 0: help, for standard output; 2: usage, for standard error
};

std::expected<Options, Message> parse_command_line(int argc, const char* const* argv);

}  // namespace loadgen
