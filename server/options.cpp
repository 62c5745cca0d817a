// SPDX-License-Identifier: BSL-1.0
#include "server/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ranges>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/program.hpp"
#include "http/message/target.hpp"
#include "leash/version.hpp"
#include "units/duration.hpp"
#include "units/size.hpp"

namespace server {
namespace {

// Every option is an environment variable too: --request-timeout is LEASH_REQUEST_TIMEOUT.
std::string variable(const std::string& option) {
  std::string name = "LEASH_";
  for (const char c : option.substr(2)) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

constexpr const char* exit_statuses =
    R"(Exit status:
  0  success
  2  invalid arguments, or the server cannot start (for example: the port is
     in use)
  3  a task had leaked (also if it was reaped), a context had outlived its
     request, or a task was left after the drain

The first SIGTERM, SIGINT or SIGHUP drains the server: it takes no new
connection, and ends when its requests are finished. The second one ends it
at once.)";

constexpr std::uint64_t least_budget = 1024 * 1024;  // a few requests fit in
constexpr const char* more_than_zero = "must be greater than 0";

class Parser {
 public:
  explicit Parser(CLI::App& app) : app_(app) {}

  template <class T>
  CLI::Option* plain(const std::string& name, T& value, const std::string& help) {
    return app_.add_option(name, value, help)->envname(variable(name))->capture_default_str();
  }

  enum class Zero : std::uint8_t { allowed, refused };

  void duration(const std::string& name, std::chrono::nanoseconds& value, const std::string& help,
                Zero zero = Zero::allowed) {
    parsed(name, help, units::format_duration(value), "DURATION", [&value, zero](const std::string& text) {
      const auto duration = units::parse_duration(text);
      if (!duration) return duration.error();
      if (duration->count() == 0 && zero == Zero::refused) return std::string(more_than_zero);
      value = *duration;
      return std::string();
    });
  }

  template <class Size>
  void size(const std::string& name, Size& value, const std::string& help, Zero zero = Zero::allowed) {
    parsed(name, help, units::format_size(value), "SIZE", [&value, zero](const std::string& text) {
      const auto size = units::parse_size(text);
      if (!size) return size.error();
      if (*size == 0 && zero == Zero::refused) return std::string(more_than_zero);
      value = static_cast<Size>(*size);
      return std::string();
    });
  }

  template <class Parse>
  void parsed(const std::string& name, const std::string& help, const std::string& default_text,
              const std::string& type, Parse parse) {
    app_.add_option_function<std::string>(
            name,
            [name, parse](const std::string& text) {
              if (const std::string problem = parse(text); !problem.empty()) {
                throw CLI::ValidationError(name, problem);
              }
            },
            help)
        ->envname(variable(name))
        ->default_str(default_text)
        ->type_name(type);
  }

 private:
  CLI::App& app_;
};

}  // namespace

std::expected<Options, int> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app(
      "An HTTP server with a leaky and a fixed mode, to demonstrate leaks and their fixes.\n"
      "Every option can be given as an environment variable: --drain-timeout as LEASH_DRAIN_TIMEOUT.",
      "leash-server");
  app.footer(exit_statuses);
  app.set_version_flag("--version", "leash-server " LEASH_VERSION, "Print the version and exit");
  Parser parser(app);

  parser.plain("--host", options.host, "Address of the public listener")->type_name("ADDRESS");
  parser.plain("--port", options.port, "Port of the public listener; 0 picks a free one")
      ->type_name("PORT")
      ->check(cli::count_check(0, 65535));
  parser.plain("--admin-host", options.admin_host, "Address of the admin listener")->type_name("ADDRESS");
  parser.plain("--admin-port", options.admin_port, "Port of the admin listener; 0 picks a free one")
      ->type_name("PORT")
      ->check(cli::count_check(0, 65535));
  parser
      .plain("--threads", options.threads,
             "Threads that serve requests, each with a loop of its own; 0: one per core")
      ->type_name("N")
      ->check(cli::count_check(0, 256));
  parser.parsed("--accept",
                "How threads get connections: turns (one listener hands them to the threads in turn) or "
                "reuseport (each "
                "thread has a listener)",
                "turns", "METHOD", [&](const std::string& text) {
                  if (text != "turns" && text != "reuseport") {
                    return "must be one of turns, reuseport, not '" + text + "'";
                  }
                  options.accept = text == "turns" ? Accept::turns : Accept::reuseport;
                  return std::string();
                });
  parser.parsed("--mode", "Whether the demonstration leaks: fixed or leaky", "fixed", "MODE",
                [&](const std::string& text) {
                  const auto mode = parse_mode(text);
                  if (mode) options.mode = *mode;
                  return mode ? std::string() : "must be one of fixed, leaky, not '" + text + "'";
                });
  app.add_flag_callback(
         "--no-request-mode", [&] { options.request_mode = false; },
         "Refuse requests that choose the mode (?mode=)")
      ->envname(variable("--no-request-mode"));
  parser.parsed(
      "--admin-token",
      "Token that requests to the admin listener must have as Authorization: Bearer; the environment "
      "variable keeps it out of process listings",
      "", "TOKEN", [&](const std::string& text) {
        if (text.empty()) return std::string("must not be empty; leave the option out if no token is needed");
        const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
        if (visible) options.admin_token = text;
        return visible ? std::string() : "must consist of visible ASCII characters";
      });
  parser.parsed(
      "--admin-names",
      "Host names, separated by commas, that requests to the admin listener may use when there is no "
      "token; addresses and localhost are always allowed",
      "", "NAMES", [&](const std::string& text) {
        options.admin_names.clear();
        for (const auto name : std::views::split(text, ',')) {
          options.admin_names.emplace_back(name.begin(), name.end());
          if (!http::is_valid_authority(options.admin_names.back())) {
            return std::string("must be host names without ports, separated by commas");
          }
        }
        return std::string();
      });
  parser.parsed("--log-level",
                "Least level that is logged: trace, debug (one line per request), info, warn, error or off",
                "info", "LEVEL", [&](const std::string& text) {
                  const auto level = http::server::parse_log_level(text);
                  if (level) options.log_level = *level;
                  return level ? std::string()
                               : "must be one of trace, debug, info, warn, error, off, not '" + text + "'";
                });
  parser.parsed("--log-format", "Format of the log: text (key=value) or json (one object per line)", "text",
                "FORMAT", [&](const std::string& text) {
                  const auto format = parse_log_format(text);
                  if (format) options.log_format = *format;
                  return format ? std::string() : "must be one of text, json, not '" + text + "'";
                });
  parser.duration("--request-timeout", options.serving.request_timeout,
                  "Deadline of each request; at least 10s on the admin listener", Parser::Zero::refused);
  parser.duration("--header-timeout", options.serving.header_timeout,
                  "Longest time from the first byte of a request's head to its end", Parser::Zero::refused);
  parser.duration("--body-timeout", options.serving.body_timeout, "Longest pause within a request's body",
                  Parser::Zero::refused);
  parser.duration("--first-byte-timeout", options.serving.first_byte_timeout,
                  "Longest wait for the first byte of a new connection", Parser::Zero::refused);
  parser.duration("--idle-timeout", options.serving.idle_timeout,
                  "Longest pause between two requests of a connection; set it above that of a proxy in front",
                  Parser::Zero::refused);
  parser.duration("--write-timeout", options.serving.write_timeout,
                  "Longest time in which a client takes no byte of a response", Parser::Zero::refused);
  parser.duration("--drain-delay", options.drain_delay,
                  "Time between SIGTERM and the closing of the listeners");
  parser.duration("--drain-timeout", options.drain_timeout,
                  "Time for requests in flight to finish after the listeners have closed");
  parser.parsed("--half-close",
                "When a client shuts down its sending side: cancel its request, or allow it to finish",
                "cancel", "POLICY", [&](const std::string& text) {
                  if (text != "cancel" && text != "allow") {
                    return "must be one of cancel, allow, not '" + text + "'";
                  }
                  options.serving.half_close_cancels = text == "cancel";
                  return std::string();
                });
  parser.size("--max-request-line", options.serving.limits.request_line,
              "Longest request line; a longer one gets 414", Parser::Zero::refused);
  parser.size("--max-head", options.serving.limits.head_bytes,
              "Largest request head (request line and fields); a larger one gets 431", Parser::Zero::refused);
  parser
      .plain("--max-fields", options.serving.limits.header_fields,
             "Largest number of header fields; a request with more gets 431")
      ->type_name("N")
      ->check(cli::count_check(1, 1'000'000'000));
  parser.size("--max-body", options.serving.limits.body_bytes, "Largest body; a larger one gets 413");
  parser
      .plain("--max-connections", options.max_connections,
             "Largest number of public connections; for another one, the connection that has been idle for "
             "longest is closed")
      ->type_name("N")
      ->check(cli::count_check(1, 1'000'000'000));
  parser
      .plain("--max-in-flight", options.serving.max_in_flight,
             "Largest number of requests in flight, divided among the threads; further requests get 503")
      ->type_name("N")
      ->check(cli::count_check(1, 1'000'000'000));
  parser.parsed(
      "--upstream",
      "Server that the pattern upstream calls, as http://HOST:PORT (default: a built-in listener that "
      "never answers)",
      "", "URL", [&](const std::string& text) {
        auto url = http::parse_url(text);
        if (!url) return url.error();
        options.upstream = std::move(*url);
        return std::string();
      });
  parser.duration("--upstream-timeout", options.upstream_timeout, "Longest wait for --upstream");
  parser.parsed(
      "--memory-budget",
      "Memory that all requests together may hold, at least 1MiB; above it, new requests get 503. auto: "
      "three quarters of the memory limit of the process; without a limit, three quarters of the "
      "machine's memory, at most 1GiB",
      "auto", "SIZE", [&](const std::string& text) {
        if (text == "auto") {
          options.memory_budget.reset();
          return std::string();
        }
        const auto size = units::parse_size(text);
        if (!size) return size.error();
        if (*size < least_budget) {
          return "must be auto or at least " + units::format_size(least_budget) + ", not '" + text + "'";
        }
        options.memory_budget = *size;
        return std::string();
      });
  parser.size("--heap-rate", options.heap_rate,
              "Sample one allocation per this many bytes, to report how much memory each task holds; 0: off");
  parser.size("--leak-limit", options.leak_limit,
              "Heap memory in use above which leaky requests get 503; 0: off");
  parser.duration("--reap-after", options.reap_after,
                  "End leaked tasks by force when their owner has been done for this time; 0: never");
  parser.size("--leak-payload", options.leak_payload, "Memory that each leaked task holds");

  const CLI::App* const healthcheck =
      app.add_subcommand("healthcheck", "Check whether a running server is alive (exit status 0) or not (1)")
          ->fallthrough();

  if (const auto message = cli::parse(app, argc, argv))
    return std::unexpected(cli::show(*message, cli::usage));
  // CLI11 takes an empty variable for none, and a listener that was to be guarded would be open.
  if (const char* const token = std::getenv("LEASH_ADMIN_TOKEN"); token && *token == '\0') {
    std::fputs("leash-server: LEASH_ADMIN_TOKEN is empty; unset it if no token is needed\n", stderr);
    return std::unexpected(2);
  }
  options.serving.log_requests = options.log_level <= LogLevel::debug;
  options.healthcheck = healthcheck->parsed();
  if (options.healthcheck && options.port == 0) {
    std::fputs("leash-server: healthcheck needs the --port of the server\n", stderr);
    return std::unexpected(2);
  }
  return options;
}

}  // namespace server
