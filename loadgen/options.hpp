// SPDX-License-Identifier: BSL-1.0
#pragma once
// The command line of leash-load.
//
// Guarantees     the result is valid; an error is one line.
// Threads        any.
//
//   auto options = loadgen::parse_command_line(argc, argv);
//   if (!options) return cli::show(options.error());

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "cli/program.hpp"
#include "leash/clock.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/report/delivery.hpp"
#include "loadgen/scraper.hpp"

namespace loadgen {

struct Target {
  std::string address;  // as typed
  Plan plan;
  std::vector<MetricsSource> metrics;  // candidates, the first to answer is used; empty: --metrics none
  bool metrics_given = false;
};

// Where leash-load serves its own metrics.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

struct Options {
  std::vector<Target> targets;           // run: one; compare: the fixed and the leaky server
  std::vector<std::string> merge_files;  // for merge, which has no targets
  leash::Duration drain_timeout{};
  leash::Duration wait{};   // how long to wait for the target to accept connections
  std::string admin_token;  // token for the servers' metrics; empty: none
  std::optional<ListenAddress> prometheus;
  Delivery delivery;
  bool quiet = false;
  bool stop_when_hopeless = false;

  bool is_merge() const noexcept { return !merge_files.empty(); }
  bool is_compare() const noexcept { return targets.size() == 2; }
};

std::expected<Options, cli::Message> parse_command_line(int argc, const char* const* argv);

}  // namespace loadgen
