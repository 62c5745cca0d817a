// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <string_view>
#include <utility>

#include "http/message/detail/ascii.hpp"
#include "loadgen/load_options.hpp"

namespace loadgen {
namespace {

constexpr const char* about =
    R"(Sends load to an HTTP server, looks at the server meanwhile, and says whether it leaks.

  leash-load run http://127.0.0.1:8080/demo --rate 300 --threshold 'p99<50ms'
  leash-load compare http://127.0.0.1:8080/demo http://127.0.0.1:9080/demo --rate 300 --html compare.html
  leash-load merge pod-0.json pod-1.json)";

constexpr const char* endings =
    R"(Exit status: 0 clean, 3 leak, 4 a threshold was missed, 5 unknown (or no answer, or the target cannot be reached),
2 usage (or clean, and a report cannot be written). Of several that apply the first of 3, 4 and 5; compare: on either
side. 130 and 143 when a second SIGINT or SIGTERM ends it at once; the first ends the load, and what was done is
judged.)";

constexpr const char* threshold_help =
    R"(a limit such as 'p99<50ms'; may be repeated. METRIC is p50, p99.9 or any other, min, mean, max (times); errors, ok
(of the requests: 1%, or a number); rate (of the one asked: 95%, or requests a second); requests; leaked, contexts,
timers, memory (left over, a request). Operators: < <= > >=)";

constexpr std::array<std::string_view, 3> commands{"run", "compare", "merge"};

std::string check_threshold(const std::string& text) {
  const auto threshold = parse_threshold(text);
  return threshold ? "" : threshold.error();
}

std::string check_port(const std::string& text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = error == std::errc() && end == text.data() + text.size();
  return good ? "" : "takes a port from 0 to 65535, not '" + text + "'";
}

// What is wanted of all commands.
struct Wishes {
  std::vector<std::string> thresholds;

  void add_to(CLI::App& command, Options& options) {
    command.add_option("--threshold", thresholds, threshold_help)
        ->check(check_threshold)
        ->type_name("LIMIT")
        ->take_all()
        ->allow_extra_args(false);
    command
        .add_option("--json", options.delivery.json_file,
                    "write the report into this file, too (-: to standard output)")
        ->type_name("FILE");
    command
        .add_option("--html", options.delivery.html_file,
                    "write a page with charts into this file (-: likewise)")
        ->type_name("FILE");
  }
};

// Its own metrics, and what it prints.
struct Watching {
  std::string port;
  std::string host = "127.0.0.1";

  void add_to(CLI::App& command, Options& options) {
    auto* given =
        command
            .add_option("--prometheus-port", port, "serve its own /metrics there while it runs; 0 picks one")
            ->check(check_port)
            ->type_name("PORT");
    command.add_option("--prometheus-host", host, "the address for that (default 127.0.0.1)")
        ->type_name("ADDRESS")
        ->needs(given);
    command
        .add_option("--admin-token", options.admin_token,
                    "for the server's metrics: what it was started with as --admin-token; better given as "
                    "LEASH_ADMIN_TOKEN")
        ->envname("LEASH_ADMIN_TOKEN")
        ->type_name("TEXT");
    command.add_flag("--quiet", options.quiet, "no rows while it runs, only the report");
  }
};

std::expected<Target, Message> make_target(const std::string& address, const std::string& metrics,
                                           const LoadOptions& load) {
  auto url = http::parse_url(address);
  if (!url) return std::unexpected(Message{url.error(), 2});
  Target target{address, load.make_plan(*url), std::nullopt};
  if (metrics == "none") return target;
  if (!metrics.empty()) {
    auto given = http::parse_url(metrics);
    if (!given) return std::unexpected(Message{given.error(), 2});
    target.metrics = std::move(*given);
    return target;
  }
  if (url->port == 65535)
    return std::unexpected(Message{"there is no port above 65535: say --metrics URL", 2});
  target.metrics = std::move(*url);
  ++target.metrics->port;
  target.metrics->target = "/metrics";
  return target;
}

}  // namespace

std::expected<Options, Message> parse_command_line(int argc, const char* const* argv) {
  const auto usage = [](std::string text) { return std::unexpected(Message{std::move(text), 2}); };
  CLI::App app(about, "leash-load");
  app.footer(endings);
  app.set_version_flag("--version", "leash-load " LEASH_VERSION);
  app.require_subcommand(1);

  Options options;
  Wishes wishes;
  Watching watching;
  LoadOptions load;
  std::string url;
  std::string metrics;
  CLI::App& run = *app.add_subcommand("run", "load one server");
  run.add_option("URL", url, "where to send the requests (GET)")->required()->type_name("");
  run.add_option(
         "--metrics", metrics,
         "the server's metrics (default: the URL's host, its port + 1, /metrics); none: do not look at it")
      ->type_name("URL");

  LoadOptions load_both;
  std::string fixed_url;
  std::string leaky_url;
  std::string metrics_fixed;
  std::string metrics_leaky;
  CLI::App& compare = *app.add_subcommand("compare", "load a fixed and a leaky server, side by side");
  compare.add_option("FIXED_URL", fixed_url, "the server in fixed mode")->required()->type_name("");
  compare.add_option("LEAKY_URL", leaky_url, "the one in leaky mode")->required()->type_name("");
  compare.add_option("--metrics-fixed", metrics_fixed, "its metrics (default: as for run)")->type_name("URL");
  compare.add_option("--metrics-leaky", metrics_leaky, "likewise")->type_name("URL");

  CLI::App& merge = *app.add_subcommand(
      "merge", "make one report and one verdict out of several runs at the same time, such as a job's pods");
  merge.add_option("FILE", options.merge_files, "a report that run or compare wrote with --json")
      ->required()
      ->type_name("");

  load.add_to(run);
  load_both.add_to(compare);
  for (CLI::App* each : {&run, &compare, &merge}) {
    wishes.add_to(*each, options);
    if (each != &merge) watching.add_to(*each, options);
    each->footer(endings);
  }
  // CLI11 would only say that a subcommand is required.
  const std::string_view command = argc > 1 ? argv[1] : "-";
  if (!command.starts_with('-') && std::ranges::find(commands, command) == commands.end())
    return usage("'" + std::string(command) + "' is not a command; there are run, compare and merge");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return std::unexpected(Message{std::string(version.what()) + "\n", 0});
  } catch (const CLI::CallForHelp&) {
    const CLI::App* shown = &app;
    for (const CLI::App* parsed : app.get_subcommands()) shown = parsed;
    return std::unexpected(Message{shown->help(shown == &app ? "" : "leash-load"), 0});
  } catch (const CLI::ParseError& error) {
    return usage(error.what());
  }

  if (!http::detail::is_text(options.admin_token)) return usage("--admin-token: has a control character");
  for (const std::string& text : wishes.thresholds)
    options.delivery.thresholds.push_back(*parse_threshold(text));
  if (options.delivery.json_file == "-" && options.delivery.html_file == "-")
    return usage("--json - and --html -: only one of them can be on standard output");
  if (!watching.port.empty())
    options.prometheus = ListenAddress{watching.host, static_cast<std::uint16_t>(std::stoul(watching.port))};
  const LoadOptions& chosen = run.parsed() ? load : load_both;
  options.drain_timeout = chosen.drain_timeout();
  using Addresses = std::vector<std::pair<std::string, std::string>>;
  const Addresses addresses = run.parsed() ? Addresses{{url, metrics}}
                              : compare.parsed()
                                  ? Addresses{{fixed_url, metrics_fixed}, {leaky_url, metrics_leaky}}
                                  : Addresses{};
  for (const auto& [address, its_metrics] : addresses) {
    auto target = make_target(address, its_metrics, chosen);
    if (!target) return std::unexpected(target.error());
    options.targets.push_back(std::move(*target));
  }
  const auto is_share_of_rate = [](const Threshold& t) {
    return t.metric == Threshold::Metric::rate && t.share;
  };
  const bool closed = !options.targets.empty() && !options.targets.front().plan.is_open();
  if (closed && std::ranges::any_of(options.delivery.thresholds, is_share_of_rate))
    return usage("--threshold: a share of the rate asked needs --rate or --stages");
  return options;
}

}  // namespace loadgen
