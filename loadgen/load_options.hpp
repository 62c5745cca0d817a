// SPDX-License-Identifier: BSL-1.0
#pragma once
// The options of a load, which run and compare share: first as text, then as a plan.
//
// Requires       make_plan(), drain_timeout() and wait() are called after the command line has been parsed.
// Threads        any.
// Lifetime       not moved: CLI11 keeps the addresses of its members.
//
//   loadgen::LoadOptions load(command);   // adds the options
//   auto plan = load.make_plan(url);
//   if (!plan) return fail(plan.error());

#include <CLI/CLI.hpp>
#include <expected>
#include <optional>
#include <string>

#include "client/message_options.hpp"
#include "http/message/target.hpp"
#include "leash/clock.hpp"
#include "loadgen/plan.hpp"

namespace loadgen {

class LoadOptions {
 public:
  explicit LoadOptions(CLI::App& command);
  LoadOptions(const LoadOptions&) = delete;
  LoadOptions& operator=(const LoadOptions&) = delete;

  // An error is one sentence that names the option.
  std::expected<Plan, std::string> make_plan(http::Url url) const;

  leash::Duration drain_timeout() const;
  leash::Duration wait() const;

 private:
  std::optional<std::string> add_messages(Plan& plan) const;  // returns the error

  client::MessageOptions message_;
  client::ReachOptions reach_;
  std::string rate_;
  std::string stages_;
  std::string connections_;
  std::string threads_ = "1";
  std::string duration_ = "10s";
  std::string requests_;
  std::string warmup_ = "1s";
  std::string timeout_ = "5s";
  std::string abort_ = "0%";
  std::string drain_timeout_ = "10s";
  std::string wait_ = "0";
  std::string targets_file_;
  bool spin_ = false;
  bool no_keep_alive_ = false;
  CLI::Option* duration_given_ = nullptr;
  CLI::Option* warmup_given_ = nullptr;
};

}  // namespace loadgen
