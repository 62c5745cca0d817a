// SPDX-License-Identifier: BSL-1.0
#pragma once
// Formats --help for a terminal of 80 columns.
//
// Guarantees     no line is longer than 80 cells, unless one word is. What an option excludes and needs, and its
//                environment variable, follow its description.
// Threads        any; there is no state.
//
//   app.formatter(std::make_shared<cli::HelpFormatter>());

#include <CLI/CLI.hpp>
#include <string>

namespace cli {

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter();

  std::string make_description(const CLI::App* app) const override;
  std::string make_footer(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace cli
