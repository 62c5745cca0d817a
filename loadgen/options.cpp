// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/options.hpp"
#include "http/message/detail/ascii.hpp"
#include "leash/version.hpp"
#include "loadgen/load_options.hpp"
#include "units/number.hpp"

namespace loadgen {
namespace {

constexpr const char* about =
    R"(Load-test an HTTP server and report whether it leaks tasks.

  leash-load run http://127.0.0.1:8080/demo --rate 300 --threshold 'p99<50ms'
  leash-load compare http://127.0.0.1:8080/demo http://127.0.0.1:9080/demo \
    --rate 300 --html compare.html
  leash-load merge pod-0.json pod-1.json)";

constexpr const char* endings =
    R"(Exit status (the first that applies):
  2  invalid arguments, or a report cannot be written
  5  no request succeeded, none was measured, or the target is unreachable
  3  leak
  4  a threshold was missed
  5  the verdict is unknown (not with --metrics none)
  0  success
For compare, a status applies if it applies to at least one of the servers.

The first SIGINT, SIGTERM or SIGHUP stops the load, and the second one also
abandons requests in flight. Both print a report. The third one ends
leash-load at once. Proxy settings such as http_proxy are ignored.)";

constexpr const char* threshold_help =
    R"(Fail with status 4 unless METRIC is within this limit, for example 'p99<50ms'. Repeatable.
METRIC: p50, p99.9 or another percentile, min, mean, max (durations);
errors, ok (a count, or a share of the requests such as 1%);
rate (requests per second, or a share of the requested rate such as 95%);
requests (a count); leaked, contexts, timers, memory (left over per request).
Operators: < <= > >=)";

std::string check_threshold(const std::string& text) {
  const auto threshold = parse_threshold(text);
  return threshold ? "" : threshold.error();
}

// The options of all commands.
struct ReportTexts {
  std::vector<std::string> thresholds;

  void add_to(CLI::App& command, Delivery& delivery) {
    command.add_option("--threshold", thresholds, threshold_help)
        ->check(cli::check(check_threshold))
        ->type_name("LIMIT")
        ->take_all()
        ->allow_extra_args(false);
    command
        .add_option("--json", delivery.json_file,
                    "Also write the report as JSON to this file (- means standard output)")
        ->type_name("FILE");
    command
        .add_option(
            "--html", delivery.html_file,
            "Also write the report as an HTML page with charts to this file (- means standard output)")
        ->type_name("FILE");
    command
        .add_option("--csv", delivery.csv_file,
                    "Also write the figures of each second as CSV to this file (- means standard output)")
        ->type_name("FILE");
  }
};

// Options of its own metrics and of its output.
struct WatchingTexts {
  std::string port;
  std::string host = "127.0.0.1";

  void add_to(CLI::App& command, Options& options) {
    auto* given =
        command
            .add_option("--prometheus-port", port,
                        "Serve leash-load's own /metrics on this port during the run; 0 picks a free port")
            ->check(cli::count_check(0, 65535))
            ->type_name("PORT");
    command
        .add_option("--prometheus-host", host, "Address to serve --prometheus-port on (default 127.0.0.1)")
        ->type_name("ADDRESS")
        ->needs(given);
    command
        .add_option("--admin-token", options.admin_token,
                    "Token for the server's metrics (the server's --admin-token). It is sent only to the "
                    "address given with "
                    "--metrics, or to this machine")
        ->envname("LEASH_ADMIN_TOKEN")
        ->type_name("TEXT");
    command.add_flag("--quiet", options.quiet, "Print only the report, no row per second");
    command.add_flag("--stop-when-hopeless", options.stop_when_hopeless,
                     "Stop the load when a threshold can no longer be met, or when no request has succeeded "
                     "for 5 seconds");
  }
};

bool is_on_this_machine(const std::string& host) {
  std::error_code not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  return not_numeric ? host == "localhost" : address.is_loopback();
}

// The given source; without one, the next port and then the address of the requests.
std::expected<std::vector<MetricsSource>, std::string> metrics_of(const std::string& given,
                                                                  const Plan& plan) {
  std::vector<MetricsSource> sources;
  if (given == "none") return sources;
  if (given.starts_with("unix:")) {
    MetricsSource& source = sources.emplace_back(plan.url);
    source.url.host = "localhost";
    source.url.port = 80;
    source.url.tls = false;
    source.url.target = "/metrics";
    source.unix_socket = given.substr(5);
    source.gets_token = true;
    return sources;
  }
  if (!given.empty()) {
    auto url = http::parse_url(given, http::Https::allowed);
    if (!url) return std::unexpected(url.error());
    sources.emplace_back(*std::move(url)).gets_token = true;
    return sources;
  }
  const bool local = is_on_this_machine(plan.url.host) || !plan.unix_socket.empty();
  MetricsSource same(plan.url);
  same.url.target = "/metrics";
  same.unix_socket = plan.unix_socket;
  same.gets_token = local;
  if (plan.unix_socket.empty() && plan.url.port < 65535) {
    MetricsSource& next = sources.emplace_back(same);
    ++next.url.port;
    next.url.tls = false;
  }
  sources.push_back(std::move(same));
  return sources;
}

std::expected<Target, std::string> make_target(const std::string& address, const std::string& metrics,
                                               const LoadOptions& load) {
  auto url = http::parse_url(address, http::Https::allowed);
  if (!url) return std::unexpected(url.error());
  auto plan = load.make_plan(*std::move(url));
  if (!plan) return std::unexpected(plan.error());
  auto sources = metrics_of(metrics, *plan);
  if (!sources) return std::unexpected("--metrics: " + sources.error());
  return Target{address, *std::move(plan), *std::move(sources), !metrics.empty()};
}

}  // namespace

std::expected<Options, cli::Message> parse_command_line(int argc, const char* const* argv) {
  const auto usage = [](std::string text) {
    return std::unexpected(cli::Message{std::move(text), cli::usage});
  };
  CLI::App app(about, "leash-load");
  app.footer(endings);
  app.set_version_flag("--version", "leash-load " LEASH_VERSION, "Print the version and exit");
  app.require_subcommand(1);

  Options options;
  ReportTexts reports;
  WatchingTexts watching;
  std::string url;
  std::string metrics;
  CLI::App& run = *app.add_subcommand("run", "Load one server");
  run.add_option("URL", url, "Where to send the requests: http[s]://host[:port][/path][?query]")
      ->required()
      ->type_name("");
  run.add_option("--metrics", metrics,
                 "Where to read the server's metrics: a URL, unix:PATH, or none to skip the leak check "
                 "(default: /metrics on "
                 "the port after that of URL, then on the same port)")
      ->type_name("URL");

  std::string fixed_url;
  std::string leaky_url;
  std::string metrics_fixed;
  std::string metrics_leaky;
  CLI::App& compare =
      *app.add_subcommand("compare", "Load a fixed and a leaky server and show both side by side");
  compare.add_option("FIXED_URL", fixed_url, "The server in fixed mode")->required()->type_name("");
  compare.add_option("LEAKY_URL", leaky_url, "The server in leaky mode")->required()->type_name("");
  compare
      .add_option("--metrics-fixed", metrics_fixed,
                  "Where to read the fixed server's metrics (default: as for run)")
      ->type_name("URL");
  compare
      .add_option("--metrics-leaky", metrics_leaky,
                  "Where to read the leaky server's metrics (default: as for run)")
      ->type_name("URL");

  CLI::App& merge = *app.add_subcommand(
      "merge", "Merge the reports of simultaneous runs, such as those of the pods of a job");
  merge.add_option("FILE", options.merge_files, "A report that run or compare wrote with --json")
      ->required()
      ->type_name("");

  LoadOptions load(run);
  LoadOptions load_both(compare);
  for (CLI::App* each : {&run, &compare, &merge}) {
    reports.add_to(*each, options.delivery);
    if (each != &merge) watching.add_to(*each, options);
    each->footer(endings);
  }
  if (auto message = cli::parse(app, argc, argv)) return std::unexpected(*std::move(message));

  if (!http::detail::is_text(options.admin_token))
    return usage("--admin-token: contains a control character");
  for (const std::string& text : reports.thresholds)
    options.delivery.thresholds.push_back(*parse_threshold(text));
  if (!watching.port.empty()) {
    options.prometheus =
        ListenAddress{watching.host, static_cast<std::uint16_t>(*units::parse_count(watching.port))};
  }
  if (merge.parsed()) return options;

  const LoadOptions& chosen = run.parsed() ? load : load_both;
  options.drain_timeout = chosen.drain_timeout();
  options.wait = chosen.wait();
  using Addresses = std::vector<std::pair<std::string, std::string>>;
  const Addresses addresses = run.parsed()
                                  ? Addresses{{url, metrics}}
                                  : Addresses{{fixed_url, metrics_fixed}, {leaky_url, metrics_leaky}};
  for (const auto& [address, its_metrics] : addresses) {
    auto target = make_target(address, its_metrics, chosen);
    if (!target) return usage(target.error());
    options.targets.push_back(*std::move(target));
  }
  for (Target& target : options.targets) target.plan.alone = !options.is_compare();
  const auto is_share_of_rate = [](const Threshold& t) {
    return t.metric == Threshold::Metric::rate && t.share;
  };
  const bool closed = !options.targets.front().plan.is_open();
  if (closed && std::ranges::any_of(options.delivery.thresholds, is_share_of_rate))
    return usage("--threshold: a share of the requested rate needs --rate or --stages");
  return options;
}

}  // namespace loadgen
