// SPDX-License-Identifier: BSL-1.0
#include "cli/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <set>
#include <sstream>
#include <vector>

#include "cli/text.hpp"

namespace cli {
namespace {

constexpr std::size_t columns = 78;  // --help-all indents by two

std::string names_of(const std::set<CLI::Option*>& options) {
  std::set<std::string> names;
  for (const CLI::Option* option : options) names.insert(option->get_name());
  return fmt::format("{}", fmt::join(names, " or "));
}

}  // namespace

HelpFormatter::HelpFormatter() {
  label("Positionals", "Arguments");
  label("SUBCOMMAND", "COMMAND");
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  const std::string text = wrapped(CLI::Formatter::make_description(app), columns);
  return text.empty() ? text : text + "\n";
}

std::string HelpFormatter::make_footer(const CLI::App* app) const {
  return wrapped(CLI::Formatter::make_footer(app), columns);
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  std::ostringstream out;
  CLI::detail::format_help(out, command->get_name(),
                           wrapped(command->get_description(), columns - column_width_), column_width_);
  return out.str();
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  std::string text;
  if (option->get_type_size() == 0) return text;
  if (!option->get_type_name().empty()) text += " " + option->get_type_name();
  if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
  if (option->get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
  return text;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::vector<std::string> remarks;
  if (!option->get_excludes().empty()) remarks.push_back("not with " + names_of(option->get_excludes()));
  if (!option->get_needs().empty()) remarks.push_back("needs " + names_of(option->get_needs()));
  if (!option->get_envname().empty()) remarks.push_back("environment: " + option->get_envname());
  std::string text = option->get_description();
  if (remarks.empty()) return wrapped(text, columns - column_width_);
  const std::string joined = fmt::format("{}", fmt::join(remarks, "; "));
  const auto open = text.rfind('(');
  if (open != std::string::npos && text.ends_with(')') &&
      text.substr(open).starts_with("(default")) {  // the remarks join it
    text.pop_back();
    text += fmt::format("; {})", joined);
  } else {
    text += fmt::format(" ({})", joined);
  }
  return wrapped(text, columns - column_width_);
}

}  // namespace cli
