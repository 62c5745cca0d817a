// SPDX-License-Identifier: BSL-1.0
#include "cli/manual.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option*) { return true; });
}

// Escapes the text so that troff prints it literally: no line begins a troff command, and backslashes are escaped.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool starts_line = out.empty() || out.back() == '\n';
    if (starts_line && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else {
      if (c == '-') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string option_entry(const CLI::Option& option, bool positional) {
  std::string entry = ".TP\n.B " + roff(option.get_name(positional));
  if (!positional && !option.get_type_name().empty()) entry += " " + roff(option.get_type_name());
  entry += "\n" + roff(option.get_description()) + "\n";
  if (!option.get_default_str().empty())
    entry += fmt::format("Default: {}.\n", roff(option.get_default_str()));
  if (!option.get_envname().empty())
    entry += fmt::format("Environment variable: {}.\n", roff(option.get_envname()));
  return entry;
}

std::string option_entries(const CLI::App& app) {
  std::string entries;
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : options_of(app)) {
      if (option->get_positional() == positional) entries += option_entry(*option, positional);
    }
  }
  return entries;
}

std::string option_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : options_of(app)) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    for (const std::string& name : option->get_snames()) words.push_back("-" + name);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::string man_page(const CLI::App& app) {
  const std::string name = roff(app.get_name());
  const std::string about = app.get_description();
  const std::string_view summary = std::string_view(about).substr(0, about.find('\n'));
  const auto commands = commands_of(app);
  std::string page = fmt::format(".TH {} 1 \"\" \"{}\"\n", upper_case(name), roff(app.version()));
  page += fmt::format(".SH NAME\n{} \\- {}\n", name, roff(summary));
  page += fmt::format(".SH SYNOPSIS\n.B {}\n{}[OPTIONS]\n", name, commands.empty() ? "" : "COMMAND ");
  page += fmt::format(".SH DESCRIPTION\n.nf\n{}\n.fi\n", roff(about));
  page += ".SH OPTIONS\n" + option_entries(app);
  if (!commands.empty()) page += ".SH COMMANDS\n";
  for (const CLI::App* command : commands) {
    page += fmt::format(".SS {}\n{}\n", roff(command->get_name()), roff(command->get_description()));
    page += option_entries(*command);
  }
  if (!app.get_footer().empty())
    page += fmt::format(".SH EXIT STATUS AND SIGNALS\n.nf\n{}\n.fi\n", roff(app.get_footer()));
  return page;
}

std::string bash_completion(const CLI::App& app) {
  std::string function = app.get_name();
  std::ranges::replace(function, '-', '_');
  std::string first_words = option_words(app);
  std::string cases;
  for (const CLI::App* command : commands_of(app)) {
    first_words += " " + command->get_name();
    cases += fmt::format("    {}) words='{}' ;;\n", command->get_name(), option_words(*command));
  }
  return fmt::format(R"(# completion of {0} for bash
_{1}() {{
  local words='{2}' current=${{COMP_WORDS[COMP_CWORD]}}
  case ${{COMP_WORDS[1]}} in
{3}  esac
  if [[ $current == -* || $COMP_CWORD == 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}}
complete -F _{1} {0}
)",
                     app.get_name(), function, first_words, cases);
}

}  // namespace cli
