// SPDX-License-Identifier: BSL-1.0
#pragma once
// The command line of leash-load.
//
// Guarantees     what is returned is valid; of what is wrong there is one line.
// Threads        any.
//
//   auto options = loadgen::parse_command_line(argc, argv);
//   if (!options) return say(options.error());

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "http/message/target.hpp"
#include "leash/clock.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/report/delivery.hpp"

namespace loadgen {

struct Target {
  std::string address;  // as it was given
  Plan plan;
  std::optional<http::Url> metrics;  // nothing: nobody is to look at the server
};

// Where its own metrics are.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

struct Options {
  std::vector<Target> targets;           // run: one; compare: the fixed and the leaky one
  std::vector<std::string> merge_files;  // of merge, and then there are no targets
  leash::Duration drain_timeout{};
  std::string admin_token;  // for the servers' metrics; empty: none
  std::optional<ListenAddress> prometheus;
  Delivery delivery;
  bool quiet = false;

  bool is_merge() const noexcept { return !merge_files.empty(); }
  bool is_compare() const noexcept { return targets.size() == 2; }
};

struct Message {
  std::string text;
  int exit_status = 0;  // 0: help, for standard output; 2: usage, for standard error
};

std::expected<Options, Message> parse_command_line(int argc, const char* const* argv);

}  // namespace loadgen
