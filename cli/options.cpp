// SPDX-License-Identifier: BSL-1.0
#include "cli/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "cli/help.hpp"
#include "cli/manual.hpp"
#include "units/duration.hpp"
#include "units/number.hpp"
#include "units/size.hpp"

namespace cli {

namespace {

std::string known_commands(const std::vector<CLI::App*>& commands) {
  std::vector<std::string> names;
  for (const CLI::App* each : commands) names.push_back(each->get_name());
  return fmt::format("; {} {}", names.size() == 1 ? "the only command is" : "the commands are",
                     fmt::join(names, ", "));
}

// CLI11's message as a sentence: "--rate: 1 required N missing" becomes "--rate needs a value".
std::string sentence(const CLI::ParseError& error) {
  std::string text = error.what();
  const std::string first = text.substr(0, text.find_first_of(": "));
  const std::string last = text.substr(text.rfind(' ') + 1);
  if (dynamic_cast<const CLI::RequiredError*>(&error))
    return fmt::format("the argument {} is missing; see --help", first);
  if (dynamic_cast<const CLI::ExcludesError*>(&error))
    return fmt::format("{} and {} cannot be used together", first, last);
  if (dynamic_cast<const CLI::RequiresError*>(&error)) return fmt::format("{} needs {}", first, last);
  if (dynamic_cast<const CLI::ConversionError*>(&error)) {  // of a flag: "Could not convert: --quiet = maybe"
    const auto name = text.substr(0, text.find(" = ")).substr(text.find("--"));
    return fmt::format("{}: must be true or false, not '{}'", name, last);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error))
    return first + (text.ends_with("missing") ? " needs a value" : " is given more than once");
  return text;
}

// CLI11 reports the missing command before an option that it does not know.
std::string describe(const CLI::ParseError& error, const CLI::App& app,
                     const std::vector<CLI::App*>& commands) {
  std::string command;
  for (const CLI::App* parsed : app.get_subcommands()) command += " " + parsed->get_name();
  if (const auto unknown = app.remaining(true); !unknown.empty())
    return fmt::format("'{}' is not an argument of {}{}; see --help", unknown.front(), app.get_name(),
                       command);
  if (dynamic_cast<const CLI::RequiredError*>(&error) && command.empty() && !commands.empty())
    return "a command is missing" + known_commands(commands);
  return sentence(error);
}

}  // namespace

std::optional<Message> parse(CLI::App& app, int argc, const char* const* argv) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  // CLI11's own message says only that a subcommand is required.
  const std::string command = argc > 1 ? argv[1] : "-";
  const auto is_this = [&](const CLI::App* each) { return each->get_name() == command; };
  if (!commands.empty() && !command.starts_with('-') && std::ranges::none_of(commands, is_this)) {
    return Message{fmt::format("'{}' is not a command{}", command, known_commands(commands)), usage};
  }
  const auto print_instead = [&app](const std::string& option, const std::string& what,
                                    std::string (*make)(const CLI::App&)) {
    if (app.get_option_no_throw(option)) return;  // already added by an earlier call
    app.add_flag_callback(
           option, [&app, make] { throw CLI::Success(make(app), 0); }, what)
        ->trigger_on_parse();
  };
  print_instead("--man-page", "Print the manual page and exit", man_page);
  print_instead("--completion",
                "Print the completion for bash and exit: source <(" + app.get_name() + " --completion)",
                bash_completion);
  const auto formatter = std::make_shared<HelpFormatter>();
  app.formatter(formatter);
  for (CLI::App* each : commands) each->group("Commands")->formatter(formatter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return Message{std::string(version.what()) + "\n", success};
  } catch (const CLI::CallForAllHelp&) {
    return Message{app.help("", CLI::AppFormatMode::All), success};
  } catch (const CLI::CallForHelp&) {
    const CLI::App* shown = &app;
    for (const CLI::App* parsed : app.get_subcommands()) shown = parsed;
    return Message{shown->help(shown == &app ? "" : app.get_name()), success};
  } catch (const CLI::Success& printed) {
    return Message{printed.what(), success};
  } catch (const CLI::ParseError& error) {
    return Message{describe(error, app, commands), usage};
  }
  return std::nullopt;
}

// CLI11 prints the option's name before the text that a check returns.
CLI::Validator check(std::function<std::string(const std::string&)> what_is_wrong) {
  return {[wrong = std::move(what_is_wrong)](std::string& text) { return wrong(text); }, ""};
}

CLI::Validator duration_check(std::chrono::nanoseconds least, std::chrono::nanoseconds most) {
  return check([least, most](const std::string& text) -> std::string {
    const auto parsed = units::parse_duration(text);
    if (!parsed) return parsed.error();
    if (*parsed > most) return "must be at most " + units::format_duration(most);
    if (*parsed >= least) return {};
    return least.count() > 1 ? "must be at least " + units::format_duration(least) : "must be greater than 0";
  });
}

CLI::Validator size_check() {
  return check([](const std::string& text) {
    const auto parsed = units::parse_size(text);
    return parsed ? std::string() : parsed.error();
  });
}

CLI::Validator count_check(std::uint64_t least, std::uint64_t most) {
  return check([least, most](const std::string& text) {
    const auto count = units::parse_count(text);
    return count && *count >= least && *count <= most
               ? std::string()
               : fmt::format("must be a whole number from {} to {}, not '{}'", least, most, text);
  });
}

CLI::Validator choice_check(std::vector<std::string> choices) {
  return check([choices = std::move(choices)](const std::string& text) {
    return std::ranges::find(choices, text) != choices.end()
               ? std::string()
               : fmt::format("must be one of {}, not '{}'", fmt::join(choices, ", "), text);
  });
}

leash::Duration duration_of(const std::string& checked) {
  return std::chrono::duration_cast<leash::Duration>(*units::parse_duration(checked));
}

std::optional<leash::Duration> maybe_duration_of(const std::string& checked) {
  return checked.empty() ? std::nullopt : std::optional(duration_of(checked));
}

}  // namespace cli
