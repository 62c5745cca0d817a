// SPDX-License-Identifier: BSL-1.0
#include "client/command/options.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "cli/options.hpp"
#include "client/message_options.hpp"
#include "http/message/detail/ascii.hpp"
#include "units/size.hpp"

namespace client {
namespace {

using namespace std::chrono_literals;

constexpr const char* about = R"(Talks to an HTTP server, and looks into a leash-server.

  leash-client get http://127.0.0.1:8080/demo --timeout 500ms
  leash-client mode leaky
  leash-client leaks --watch
  leash-client reap --min-age 1m
  leash-client ps 4711)";

constexpr const char* exit_statuses =
    R"(Exit status: 0, 2 usage, 1 connection failure (no connection, or no proper answer), 4 timeout,
22 HTTP error (get: with --fail), 5 output cannot be written, 130 and 143 after SIGINT and SIGTERM.)";

constexpr auto least_interval = 100ms;
constexpr int most_entries = 100'000;  // what the server allows

std::unexpected<cli::Message> usage_error(std::string line) {
  return std::unexpected(cli::Message{std::move(line), cli::usage});
}

// --- the commands: what they take, and what is made of it ------------------------------------------------

class GetFlags {
 public:
  explicit GetFlags(CLI::App& command) : message_(command), reach_(command) {
    command.add_option("URL", get_.address, "http[s]://host[:port][/path][?query]")
        ->required()
        ->type_name("");
    command
        .add_option("--timeout", timeout_, "give up after this; the server is told (X-Request-Timeout-Ms)")
        ->check(cli::duration_check(1ns))
        ->type_name("DURATION")
        ->capture_default_str();
    command.add_option("--abort-after", abort_after_, "leave in the middle: close the connection after this")
        ->check(cli::duration_check(1ns))
        ->type_name("DURATION");
    command.add_option("--max-body", most_bytes_, "the largest body to take")
        ->check(cli::size_check())
        ->type_name("SIZE")
        ->capture_default_str();
    command.add_flag("-i,--include", get_.include_head, "print the head of the response, too");
    command.add_flag("--fail", get_.fail, "exit with 22 when the status is 400 or above");
    command.add_flag("--json", get_.json, "print one JSON object: status, headers, body, time");
  }

  std::expected<Command, cli::Message> parse() {
    auto url = http::parse_url(get_.address, http::Https::allowed);
    if (!url) return usage_error(url.error());
    auto message = message_.parse(*url);
    if (!message) return usage_error(message.error());
    get_.url = std::move(*url);
    get_.message = *std::move(message);
    get_.tls = reach_.tls();
    get_.unix_socket = reach_.unix_socket();
    get_.timeout = cli::duration_of(timeout_);
    get_.abort_after = cli::maybe_duration_of(abort_after_);
    get_.most_bytes = *units::parse_size(most_bytes_);
    return std::move(get_);
  }

 private:
  GetCommand get_;
  std::string timeout_ = "30s";
  std::string abort_after_;
  std::string most_bytes_ = "64MiB";
  MessageOptions message_;
  ReachOptions reach_;
};

class AdminFlags {
 public:
  explicit AdminFlags(CLI::App& command) {
    command.add_option("--admin", address_, "the server's admin address")
        ->envname("LEASH_ADMIN")
        ->type_name("URL")
        ->capture_default_str();
    command.add_option("--admin-token", token_, "what the server was started with as --admin-token")
        ->envname("LEASH_ADMIN_TOKEN")
        ->type_name("TEXT");
    command.add_option("--timeout", timeout_, "give up after this")
        ->check(cli::duration_check(1ns))
        ->type_name("DURATION")
        ->capture_default_str();
    command.add_flag("--json", json_, "print JSON, as the server tells it");
  }

  std::expected<AdminOptions, cli::Message> parse() const {
    auto url = http::parse_url(address_);
    if (!url) return usage_error("--admin: " + url.error());
    if (url->target.contains('?')) return usage_error("--admin: takes no query");
    if (!http::detail::is_text(token_)) return usage_error("--admin-token: has a control character");
    while (url->target.ends_with('/')) url->target.pop_back();
    return AdminOptions{std::move(*url), token_, cli::duration_of(timeout_), json_};
  }

 private:
  std::string address_ = "http://127.0.0.1:8081";
  std::string token_;
  std::string timeout_ = "5s";
  bool json_ = false;
};

class FilterFlags {
 public:
  explicit FilterFlags(CLI::App& command) {
    command.add_option("--site", filter_.site, "only tasks started here: a part of path:line")
        ->type_name("TEXT");
    command.add_option("--name", filter_.name, "only tasks of this name: a part of it")->type_name("TEXT");
    command.add_option("--min-age", min_age_, "only tasks started at least so long ago")
        ->check(cli::duration_check(0ns))
        ->type_name("DURATION");
  }
  void add_state(CLI::App& command) {
    command.add_option("--state", filter_.state, "only tasks in this state (orphan: leaked ones, too)")
        ->check(CLI::IsMember({"owned", "detached", "orphan", "leaked"}))
        ->type_name("STATE");
  }
  void add_limit(CLI::App& command, const std::string& what) {
    command.add_option("--limit", filter_.limit, what)->check(CLI::Range(1, most_entries))->type_name("N");
  }

  TaskFilter parse() {
    filter_.min_age = cli::maybe_duration_of(min_age_);
    return std::move(filter_);
  }

 private:
  TaskFilter filter_;
  std::string min_age_;
};

class ModeFlags {
 public:
  explicit ModeFlags(CLI::App& command) : admin_(command) {
    command.add_option("MODE", mode_.change_to, "leaky or fixed")
        ->check(CLI::IsMember({"leaky", "fixed"}))
        ->type_name("");
  }
  std::expected<Command, cli::Message> parse() {
    auto admin = admin_.parse();
    if (!admin) return std::unexpected(admin.error());
    mode_.admin = std::move(*admin);
    return std::move(mode_);
  }

 private:
  AdminFlags admin_;
  ModeCommand mode_;
};

class TasksFlags {
 public:
  TasksFlags(CLI::App& command, bool only_leaked) : admin_(command), filter_(command) {
    tasks_.only_leaked = only_leaked;
    if (!only_leaked) filter_.add_state(command);
    filter_.add_limit(command, "at most so many stacks (the server's default: 1000)");
    auto* stacks = command.add_flag("--stacks", tasks_.stacks, "each stack as text instead of the table");
    watch_ = command
                 .add_option("-w,--watch", every_,
                             "look again and again, so often (default 2s); on a terminal, a live table")
                 ->expected(0, 1)
                 ->check(cli::duration_check(least_interval))
                 ->type_name("[DURATION]");
    watch_->excludes(stacks);
  }
  std::expected<Command, cli::Message> parse() {
    auto admin = admin_.parse();
    if (!admin) return std::unexpected(admin.error());
    tasks_.admin = std::move(*admin);
    if (tasks_.stacks && tasks_.admin.json) return usage_error("--stacks: not with --json, which has them");
    tasks_.filter = filter_.parse();
    if (watch_->count() > 0) tasks_.every = every_.empty() ? 2s : cli::duration_of(every_);
    return std::move(tasks_);
  }

 private:
  AdminFlags admin_;
  FilterFlags filter_;
  TasksCommand tasks_;
  std::string every_;
  CLI::Option* watch_ = nullptr;
};

class ReapFlags {
 public:
  explicit ReapFlags(CLI::App& command) : admin_(command), filter_(command) {
    filter_.add_limit(command, "at most so many of each loop");
  }
  std::expected<Command, cli::Message> parse() {
    auto admin = admin_.parse();
    if (!admin) return std::unexpected(admin.error());
    return ReapCommand{std::move(*admin), filter_.parse()};
  }

 private:
  AdminFlags admin_;
  FilterFlags filter_;
};

class PsFlags {
 public:
  explicit PsFlags(CLI::App& command) {
    command.add_option("PID|CORE", ps_.target, "the number of a process, or the path of a core file")
        ->required()
        ->type_name("");
    command.add_option("--binary", ps_.binary, "the program that dumped the core, where it is elsewhere now")
        ->type_name("FILE");
    command.add_flag("--tree", ps_.tree, "contexts, scopes and tasks as a tree, and which tasks join which");
    command.add_flag("--json", ps_.json, "print JSON, as /debug/tasks has it");
  }
  std::expected<Command, cli::Message> parse() { return std::move(ps_); }

 private:
  PsCommand ps_;
};

}  // namespace

std::expected<Command, cli::Message> parse_command_line(int argc, const char* const* argv) {
  CLI::App app(about, "leash-client");
  app.footer(exit_statuses);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help for all commands");
  app.set_version_flag("--version", "leash-client " LEASH_VERSION);

  CLI::App& get_app = *app.add_subcommand("get", "send a request and print the body of the response");
  CLI::App& mode_app = *app.add_subcommand("mode", "print the server's mode, or change it");
  CLI::App& tasks_app = *app.add_subcommand("tasks", "list the tasks that live in the server, by site");
  CLI::App& leaks_app = *app.add_subcommand("leaks", "the same, only those that have leaked");
  CLI::App& reap_app =
      *app.add_subcommand("reap", "end leaked tasks by force; `leaks` with the same filters lists which");
  CLI::App& ps_app = *app.add_subcommand(
      "ps", "list the tasks of a process that need not answer, or of a core file; only reads");
  GetFlags get(get_app);
  ModeFlags mode(mode_app);
  TasksFlags tasks(tasks_app, false);
  TasksFlags leaks(leaks_app, true);
  ReapFlags reap(reap_app);
  PsFlags ps(ps_app);
  const std::array<CLI::App*, 6> all = {&get_app, &mode_app, &tasks_app, &leaks_app, &reap_app, &ps_app};
  for (CLI::App* each : all) each->footer(exit_statuses);

  if (auto message = cli::parse(app, argc, argv)) return std::unexpected(*std::move(message));
  if (get_app.parsed()) return get.parse();
  if (mode_app.parsed()) return mode.parse();
  if (tasks_app.parsed()) return tasks.parse();
  if (leaks_app.parsed()) return leaks.parse();
  if (ps_app.parsed()) return ps.parse();
  return reap.parse();
}

}  // namespace client
