// SPDX-License-Identifier: BSL-1.0
#pragma once
// The options that run and compare have in common: as they were typed, then as a plan.
//
// Requires       make_plan() after the command line has been parsed.
// Guarantees     what CLI11 accepted is valid, and a plan can be made of it.
// Threads        one.
// Lifetime       stays where it is while the command line is parsed.
//
//   LoadOptions texts;
//   texts.add_to(*app.add_subcommand("run", "load one server"));
//   app.parse(argc, argv);
//   Plan plan = texts.make_plan(*http::parse_url(url));

#include <string>

#include "http/message/target.hpp"
#include "leash/clock.hpp"
#include "loadgen/plan.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace loadgen {

class LoadOptions {
 public:
  void add_to(CLI::App& command);

  Plan make_plan(http::Url url) const;
  leash::Duration drain_timeout() const;

 private:
  std::string rate_;
  std::string stages_;
  std::string connections_;
  std::string duration_ = "10s";
  std::string requests_;
  std::string warmup_ = "1s";
  std::string timeout_ = "5s";
  std::string abort_ = "0%";
  std::string drain_timeout_ = "10s";
  CLI::Option* duration_given_ = nullptr;
  CLI::Option* warmup_given_ = nullptr;
};

}  // namespace loadgen
