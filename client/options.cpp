#include "client/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "http/detail/ascii.hpp"
#include "http/duration.hpp"

namespace client {
namespace {

constexpr const char* about = R"(Talks to an HTTP server, and looks into a leash-server.

  leash-client get http://127.0.0.1:8080/demo --timeout 500ms
  leash-client mode leaky
  leash-client tasks)";

constexpr const char* exit_statuses =
    R"(Exit status: 0, 2 usage, 1 connection failure, 4 timeout, 22 HTTP error (get: with --fail),
130 and 143 after SIGINT and SIGTERM.)";

// CLI11 prints what this says after the name of the option.
CLI::Validator duration_check() {
  return {[](std::string& text) {
            const auto parsed = http::parse_duration(text);
            if (!parsed) return parsed.error();
            return *parsed > leash::Duration::zero() ? std::string() : "has to be more than 0";
          },
          ""};
}

leash::Duration duration_of(const std::string& checked) {
  return std::chrono::duration_cast<leash::Duration>(*http::parse_duration(checked));
}

// "K: V" into a field. The message is empty when all is well.
std::string add_field(http::Headers& headers, std::string_view line) {
  static constexpr std::array<std::string_view, 3> reserved = {"Content-Length", "Transfer-Encoding",
                                                               "Connection"};
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return "-H takes 'Name: value', not '" + std::string(line) + "'";
  const std::string name(line.substr(0, colon));
  const std::string value(http::detail::trim(line.substr(colon + 1)));
  if (!http::detail::is_token(name)) return "-H: '" + name + "' is not the name of a field";
  if (!http::detail::is_text(value)) return "-H: the value of " + name + " has a control character";
  const auto is_this = [&](std::string_view other) { return http::detail::iequals(name, other); };
  if (std::ranges::any_of(reserved, is_this)) return "-H: " + name + " is set by leash-client itself";
  if (is_this("Host") && !http::is_valid_authority(value)) return "-H: '" + value + "' is not a host";
  headers.add(name, value);
  return {};
}

struct AdminOptions {
  std::string address = "http://127.0.0.1:8081";
  std::string token;

  void add_to(CLI::App& command) {
    command.add_option("--admin", address, "the server's admin address")
        ->envname("LEASH_ADMIN")
        ->type_name("URL")
        ->capture_default_str();
    command.add_option("--admin-token", token, "what the server was started with as --admin-token")
        ->envname("LEASH_ADMIN_TOKEN")
        ->type_name("TEXT");
  }

  std::expected<Admin, Message> parse() const {
    auto url = http::parse_url(address);
    if (!url) return std::unexpected(Message{"--admin: " + url.error(), 2});
    if (url->target.contains('?')) return std::unexpected(Message{"--admin: takes no query", 2});
    if (!http::detail::is_text(token))
      return std::unexpected(Message{"--admin-token: has a control character", 2});
    while (url->target.ends_with('/')) url->target.pop_back();
    return Admin{std::move(*url), token};
  }
};

}  // namespace

std::expected<Command, Message> parse_command_line(int argc, const char* const* argv) {
  CLI::App app(about, "leash-client");
  app.footer(exit_statuses);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help for all commands");

  GetCommand get;
  std::string timeout = "30s";
  std::string abort_after;
  std::string method;
  std::vector<std::string> fields;
  CLI::App& get_app = *app.add_subcommand("get", "send a request and print the body of the response");
  get_app.add_option("URL", get.address, "http://host[:port][/path][?query]")->required()->type_name("");
  get_app.add_option("--timeout", timeout, "give up after this; the server is told (X-Request-Timeout-Ms)")
      ->check(duration_check())
      ->type_name("DURATION")
      ->capture_default_str();
  get_app.add_option("--abort-after", abort_after, "leave in the middle: close the connection after this")
      ->check(duration_check())
      ->type_name("DURATION");
  get_app.add_option("-H,--header", fields, "a field of the request, 'Name: value'; repeatable")
      ->type_name("FIELD")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  auto* body =
      get_app.add_option("-d,--data", get.body, "a body to send; the method is POST then")->type_name("BODY");
  get_app.add_option("-X,--method", method, "the method, when it is another one")->type_name("METHOD");
  get_app.add_flag("--fail", get.fail, "exit with 22 when the status is 400 or above");
  get_app.add_flag("--json", get.json, "print one JSON object: status, headers, body, time");

  ModeCommand mode;
  AdminOptions mode_admin;
  CLI::App& mode_app = *app.add_subcommand("mode", "print the server's mode, or change it");
  mode_app.add_option("MODE", mode.change_to, "leaky or fixed")
      ->check(CLI::IsMember({"leaky", "fixed"}))
      ->type_name("");
  mode_admin.add_to(mode_app);

  AdminOptions tasks_admin;
  CLI::App& tasks_app = *app.add_subcommand("tasks", "list the tasks that live in the server, by site");
  tasks_admin.add_to(tasks_app);

  for (CLI::App* each : {&get_app, &mode_app, &tasks_app}) each->footer(exit_statuses);
  // CLI11 would only say that a subcommand is required.
  const std::string_view command = argc > 1 ? argv[1] : "-";
  if (!command.starts_with('-') && command != "get" && command != "mode" && command != "tasks") {
    return std::unexpected(
        Message{"'" + std::string(command) + "' is not a command; there are get, mode and tasks", 2});
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForAllHelp&) {
    return std::unexpected(Message{app.help("", CLI::AppFormatMode::All), 0});
  } catch (const CLI::CallForHelp&) {
    const CLI::App* shown = &app;
    for (const CLI::App* parsed : app.get_subcommands()) shown = parsed;
    return std::unexpected(Message{shown->help(shown == &app ? "" : "leash-client"), 0});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(Message{error.what(), 2});
  }

  if (mode_app.parsed()) {
    auto admin = mode_admin.parse();
    if (!admin) return std::unexpected(admin.error());
    mode.admin = std::move(*admin);
    return mode;
  }
  if (tasks_app.parsed()) {
    auto admin = tasks_admin.parse();
    if (!admin) return std::unexpected(admin.error());
    return TasksCommand{std::move(*admin)};
  }

  auto url = http::parse_url(get.address);
  if (!url) return std::unexpected(Message{url.error(), 2});
  get.url = std::move(*url);
  for (const std::string& field : fields) {
    if (auto wrong = add_field(get.headers, field); !wrong.empty()) return std::unexpected(Message{wrong, 2});
  }
  get.method = !method.empty() ? method : body->count() > 0 ? "POST" : "GET";
  if (!http::detail::is_token(get.method)) {
    return std::unexpected(Message{"-X: '" + get.method + "' is not a method", 2});
  }
  get.timeout = duration_of(timeout);
  if (!abort_after.empty()) get.abort_after = duration_of(abort_after);
  return get;
}

}  // namespace client
