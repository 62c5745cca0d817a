#include "loadgen/options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "http/duration.hpp"

namespace loadgen {
namespace {

constexpr const char* about =
    R"(Sends load to an HTTP server, looks at the server meanwhile, and says whether it leaks.

  leash-load run http://127.0.0.1:8080/demo --rate 300
  leash-load compare http://127.0.0.1:8080/demo http://127.0.0.1:9080/demo --rate 300)";

constexpr const char* exit_statuses =
    R"(Exit status: 0 clean, 3 leak (compare: on either side), 2 usage, 5 unknown, or the target cannot be
reached; 130 and 143 when a second SIGINT or SIGTERM ends it at once.)";

// CLI11 prints what a check says after the name of the option.
std::string check_duration(const std::string& text, bool zero_allowed) {
  const auto parsed = http::parse_duration(text);
  if (!parsed) return parsed.error();
  if (!zero_allowed && *parsed == std::chrono::nanoseconds::zero()) return "has to be more than 0";
  if (*parsed > std::chrono::hours(24 * 365)) return "has to be at most a year";
  return {};
}

CLI::Validator duration_check(bool zero_allowed) {
  return {[zero_allowed](std::string& text) { return check_duration(text, zero_allowed); }, ""};
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string check_rate(const std::string& text) {
  const auto rate = number(text);
  const bool good = rate && *rate >= 0.001 && *rate <= 1e6;
  return good ? "" : "takes a number of requests a second, 0.001 to 1000000, not '" + text + "'";
}

std::string check_count(const std::string& text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= most;
  return good ? "" : "takes a whole number from 1 to " + std::to_string(most) + ", not '" + text + "'";
}

std::optional<double> percentage(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto value = number(text);
  if (!value || *value < 0 || *value > 100) return std::nullopt;
  return *value / 100;
}

std::string check_percentage(const std::string& text) {
  return percentage(text) ? "" : "takes a share from 0% to 100%, not '" + text + "'";
}

// As they were typed: checked by CLI11 one by one, made into a plan afterwards.
struct Texts {
  std::string rate;
  std::string connections;
  std::string duration = "10s";
  std::string requests;
  std::string warmup = "1s";
  std::string timeout = "5s";
  std::string abort = "0%";
  std::string drain_timeout = "10s";
  CLI::Option* duration_given = nullptr;
  CLI::Option* warmup_given = nullptr;

  void add_to(CLI::App& command, Options& options) {
    command.add_option("--rate", rate, "open loop: so many requests a second, whatever the server does")
        ->check(check_rate)
        ->type_name("N");
    command
        .add_option("--connections", connections, "at most so many (default 64); without --rate exactly (16)")
        ->check([](const std::string& text) { return check_count(text, 20'000); })
        ->type_name("N");
    duration_given =
        command.add_option("--duration", duration, "of the load, after the warm-up (default 10s)")
            ->check(duration_check(false))
            ->type_name("TIME");
    command.add_option("--requests", requests, "end after so many; without --duration, no other limit")
        ->check([](const std::string& text) { return check_count(text, 1'000'000'000'000); })
        ->type_name("N");
    warmup_given =
        command
            .add_option("--warmup", warmup, "sent, but not in the figures (default 1s; with --requests 0)")
            ->check(duration_check(true))
            ->type_name("TIME");
    command.add_option("--timeout", timeout, "for each request (default 5s)")
        ->check(duration_check(false))
        ->type_name("TIME");
    command.add_option("--abort", abort, "clients that leave in the middle: a share such as 5%")
        ->check(check_percentage)
        ->type_name("SHARE");
    command
        .add_option("--drain-timeout", drain_timeout,
                    "wait so long for the server to come to rest (default 10s)")
        ->check(duration_check(true))
        ->type_name("TIME");
    command.add_option("--json", options.json_file, "write the report into this file, too")
        ->type_name("FILE");
    command.add_flag("--quiet", options.quiet, "no rows while it runs, only the report");
  }
};

leash::Duration duration_of(const std::string& checked) {
  return std::chrono::duration_cast<leash::Duration>(*http::parse_duration(checked));
}

std::expected<Target, Message> make_target(const std::string& address, const std::string& metrics_address,
                                           const Texts& texts) {
  auto url = http::parse_url(address);
  if (!url) return std::unexpected(Message{url.error(), 2});
  std::optional<http::Url> metrics;
  if (!metrics_address.empty()) {
    auto given = http::parse_url(metrics_address);
    if (!given) return std::unexpected(Message{given.error(), 2});
    metrics = std::move(*given);
  } else {
    if (url->port == 65535)
      return std::unexpected(Message{"there is no port above 65535: say --metrics URL", 2});
    metrics = *url;
    ++metrics->port;
    metrics->target = "/metrics";
  }
  Plan plan(std::move(*url));
  plan.rate = texts.rate.empty() ? std::nullopt : number(texts.rate);
  plan.connections = !texts.connections.empty() ? std::stoull(texts.connections) : plan.rate ? 64 : 16;
  if (!texts.requests.empty()) plan.requests = std::stoull(texts.requests);
  if (!plan.requests || texts.duration_given->count() > 0) plan.duration = duration_of(texts.duration);
  const bool no_warmup = plan.requests && texts.warmup_given->count() == 0;
  plan.warmup = no_warmup ? leash::Duration::zero() : duration_of(texts.warmup);
  plan.timeout = duration_of(texts.timeout);
  plan.abort_share = *percentage(texts.abort);
  return Target{address, std::move(plan), std::move(*metrics)};
}

}  // namespace

std::expected<Options, Message> parse_command_line(int argc, const char* const* argv) {
  CLI::App app(about, "leash-load");
  app.footer(exit_statuses);
  app.require_subcommand(1);

  Options options;
  Texts run_texts;
  std::string url;
  std::string metrics;
  CLI::App& run = *app.add_subcommand("run", "load one server");
  run.add_option("URL", url, "where to send the requests (GET)")->required()->type_name("");
  run_texts.add_to(run, options);
  run.add_option("--metrics", metrics,
                 "the server's metrics (default: the URL's host, its port + 1, /metrics)")
      ->type_name("URL");

  Texts compare_texts;
  std::string fixed_url;
  std::string leaky_url;
  std::string metrics_fixed;
  std::string metrics_leaky;
  CLI::App& compare = *app.add_subcommand("compare", "load a fixed and a leaky server, side by side");
  compare.add_option("FIXED_URL", fixed_url, "the server in fixed mode")->required()->type_name("");
  compare.add_option("LEAKY_URL", leaky_url, "the one in leaky mode")->required()->type_name("");
  compare_texts.add_to(compare, options);
  compare.add_option("--metrics-fixed", metrics_fixed, "its metrics (default: as for run)")->type_name("URL");
  compare.add_option("--metrics-leaky", metrics_leaky, "likewise")->type_name("URL");

  for (CLI::App* each : {&run, &compare}) each->footer(exit_statuses);
  // CLI11 would only say that a subcommand is required.
  const std::string_view command = argc > 1 ? argv[1] : "-";
  if (!command.starts_with('-') && command != "run" && command != "compare") {
    return std::unexpected(
        Message{"'" + std::string(command) + "' is not a command; there are run and compare", 2});
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* shown = &app;
    for (const CLI::App* parsed : app.get_subcommands()) shown = parsed;
    return std::unexpected(Message{shown->help(shown == &app ? "" : "leash-load"), 0});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(Message{error.what(), 2});
  }

  const auto add = [&](const std::string& address, const std::string& metrics_address,
                       const Texts& texts) -> std::optional<Message> {
    auto target = make_target(address, metrics_address, texts);
    if (!target) return target.error();
    options.targets.push_back(std::move(*target));
    options.drain_timeout = duration_of(texts.drain_timeout);
    return std::nullopt;
  };
  std::optional<Message> wrong;
  if (run.parsed()) {
    wrong = add(url, metrics, run_texts);
  } else {
    wrong = add(fixed_url, metrics_fixed, compare_texts);
    if (!wrong) wrong = add(leaky_url, metrics_leaky, compare_texts);
  }
  if (wrong) return std::unexpected(std::move(*wrong));
  return options;
}

}  // namespace loadgen
