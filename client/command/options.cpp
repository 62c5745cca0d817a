// SPDX-License-Identifier: BSL-1.0
#include "client/command/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/options.hpp"
#include "client/message_options.hpp"
#include "http/message/detail/ascii.hpp"
#include "leash/version.hpp"
#include "units/size.hpp"

namespace client {
namespace {

using namespace std::chrono_literals;

constexpr const char* about = R"(Send HTTP requests, and inspect the tasks of a process that uses leash.

  leash-client get http://127.0.0.1:8080/demo --timeout 500ms
  leash-client mode leaky
  leash-client leaks --watch
  leash-client tree --admin unix:/run/service.sock
  leash-client reap --min-age 1m
  leash-client ps 4711)";

constexpr const char* exit_statuses =
    R"(Exit status:
  0    success
  1    no connection, or no complete response
  2    invalid arguments
  3    there is a leak (with --fail, but not get)
  4    timeout
  5    the output cannot be written
  22   HTTP error (get: with --fail)
  130  interrupted by SIGINT (143: by SIGTERM))";

constexpr auto least_interval = 100ms;
constexpr int most_entries = 10'000;  // what the server allows

std::unexpected<cli::Message> usage_error(std::string line) {
  return std::unexpected(cli::Message{std::move(line), cli::usage});
}

// --- the commands: their options, and the result of parsing them ----------------------------------------

// How to reach the inspector; these options are accepted before and after the command's name.
class AdminFlags {
 public:
  explicit AdminFlags(CLI::App& app) { add_to(app); }

  // The environment is read here because CLI11 would prefer it to an option after the command's name.
  void add_to(CLI::App& command) {
    command
        .add_option(
            "--admin", address_,
            "Address of the admin listener or inspector: a URL, or unix:PATH (environment: LEASH_ADMIN; "
            "default: http://127.0.0.1:8081)")
        ->type_name("URL");
    command
        .add_option("--admin-token", token_, "The server's --admin-token (environment: LEASH_ADMIN_TOKEN)")
        ->type_name("TEXT");
    timeouts_.push_back(command.add_option("--timeout", timeout_, "Give up after this time")
                            ->check(cli::duration_check(1ns))
                            ->type_name("DURATION")
                            ->capture_default_str());
    command.add_flag("--json", json_, "Print JSON");
  }

  std::expected<AdminOptions, cli::Message> parse() const {
    const bool is_unix = address_.starts_with("unix:");
    if (!is_unix && !address_.contains("://")) {
      return usage_error(fmt::format(
          "--admin: must be a URL such as http://127.0.0.1:8081, or unix:PATH, not '{}'", address_));
    }
    auto url = http::parse_url(is_unix ? "http://localhost" : address_);
    if (!url) return usage_error("--admin: " + url.error());
    if (url->target.contains('?')) return usage_error("--admin: the URL must not have a query");
    if (is_unix && address_ == "unix:") return usage_error("--admin: unix: needs a path");
    if (!http::detail::is_text(token_)) return usage_error("--admin-token: contains a control character");
    while (url->target.ends_with('/')) url->target.pop_back();
    return AdminOptions{std::move(*url), is_unix ? address_.substr(5) : "", token_,
                        cli::duration_of(timeout_), json_};
  }

  bool json() const noexcept { return json_; }
  // The timeout, if it was given before the command's name.
  std::optional<leash::Duration> timeout() const {
    return timeouts_.front()->count() > 0 ? std::optional(cli::duration_of(timeout_)) : std::nullopt;
  }

 private:
  static std::string environment(const char* name, std::string fallback) {
    const char* const value = std::getenv(name);
    return value && *value ? value : std::move(fallback);
  }

  std::string address_ = environment("LEASH_ADMIN", "http://127.0.0.1:8081");
  std::string token_ = environment("LEASH_ADMIN_TOKEN", "");
  std::string timeout_ = "5s";
  std::vector<CLI::Option*> timeouts_;
  bool json_ = false;
};

class GetFlags {
 public:
  GetFlags(CLI::App& command, const AdminFlags& common)
      : common_(common), message_(command), reach_(command) {
    command.add_option("URL", get_.address, "http[s]://host[:port][/path][?query]")
        ->required()
        ->type_name("");
    command
        .add_option("--timeout", timeout_,
                    "Give up after this time; it is also sent to the server (X-Request-Timeout-Ms)")
        ->check(cli::duration_check(1ns))
        ->type_name("DURATION")
        ->capture_default_str();
    command
        .add_option("--abort-after", abort_after_,
                    "Close the connection after this time, even if the response is not complete")
        ->check(cli::duration_check(1ns))
        ->type_name("DURATION");
    command.add_option("--max-body", most_bytes_, "Largest response body to accept")
        ->check(cli::size_check())
        ->type_name("SIZE")
        ->capture_default_str();
    command.add_flag("-i,--include", get_.include_head, "Also print the status line and headers");
    command.add_flag("--fail", get_.fail, "Exit with status 22 if the HTTP status is 400 or above");
    command.add_flag("--json", get_.json, "Print one JSON object: status, headers, body, time");
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
    get_.timeout = common_.timeout().value_or(cli::duration_of(timeout_));
    get_.json = get_.json || common_.json();
    get_.abort_after = cli::maybe_duration_of(abort_after_);
    get_.most_bytes = *units::parse_size(most_bytes_);
    return std::move(get_);
  }

 private:
  const AdminFlags& common_;
  GetCommand get_;
  std::string timeout_ = "30s";
  std::string abort_after_;
  std::string most_bytes_ = "64MiB";
  MessageOptions message_;
  ReachOptions reach_;
};

class FilterFlags {
 public:
  explicit FilterFlags(CLI::App& command) {
    command
        .add_option("--site", filter_.site,
                    "Only tasks that were started at a line (path:line) that contains this text")
        ->type_name("TEXT");
    command.add_option("--name", filter_.name, "Only tasks whose name contains this text")->type_name("TEXT");
    command.add_option("--min-age", min_age_, "Only tasks that are at least this old")
        ->check(cli::duration_check(0ns))
        ->type_name("DURATION");
  }
  void add_state(CLI::App& command) {
    command
        .add_option("--state", filter_.state,
                    "Only tasks in this state: owned, detached, orphan (includes leaked) or leaked")
        ->check(cli::choice_check({"owned", "detached", "orphan", "leaked"}))
        ->type_name("STATE");
  }
  void add_limit(CLI::App& command, const std::string& what) {
    command.add_option("--limit", filter_.limit, what)
        ->check(cli::count_check(1, most_entries))
        ->type_name("N");
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
  ModeFlags(CLI::App& command, AdminFlags& admin) : admin_(admin) {
    admin.add_to(command);
    command.add_option("MODE", mode_.change_to, "leaky or fixed; without it the mode is printed")
        ->check(cli::choice_check({"leaky", "fixed"}))
        ->type_name("");
  }
  std::expected<Command, cli::Message> parse() {
    auto admin = admin_.parse();
    if (!admin) return std::unexpected(admin.error());
    mode_.admin = std::move(*admin);
    return std::move(mode_);
  }

 private:
  const AdminFlags& admin_;
  ModeCommand mode_;
};

class WatchFlag {
 public:
  WatchFlag(CLI::App& command, const std::string& on_terminal)
      : option_(command
                    .add_option("-w,--watch", every_,
                                "Repeat at this interval (default 2s); on a terminal, " + on_terminal)
                    ->expected(0, 1)
                    ->check(cli::duration_check(least_interval))
                    ->type_name("[DURATION]")) {}
  CLI::Option* option() const noexcept { return option_; }
  std::optional<leash::Duration> parse() const {
    if (option_->count() == 0) return std::nullopt;
    return every_.empty() ? 2s : cli::duration_of(every_);
  }

 private:
  std::string every_;
  CLI::Option* option_;
};

class TasksFlags {
 public:
  TasksFlags(CLI::App& command, AdminFlags& admin, bool only_leaked)
      : admin_(admin), filter_(command), watch_(command, "as a live table") {
    admin.add_to(command);
    tasks_.only_leaked = only_leaked;
    if (!only_leaked) filter_.add_state(command);
    filter_.add_limit(command, "List at most N stacks (default 1000)");
    auto* stacks = command.add_flag("--stacks", tasks_.stacks, "Print each stack as text instead of a table");
    watch_.option()->excludes(stacks);
    fail_ =
        command
            .add_option("--fail", also_,
                        "Exit with status 3 if there is a leak: a leaked task or coroutine, a stranded task "
                        "or an outlived context; with --fail=stray, also a stray coroutine")
            ->expected(0, 1)
            ->check(cli::choice_check({"stray"}))
            ->type_name("[stray]")
            ->excludes(watch_.option())
            ->excludes(stacks);
  }
  std::expected<Command, cli::Message> parse() {
    auto admin = admin_.parse();
    if (!admin) return std::unexpected(admin.error());
    tasks_.admin = std::move(*admin);
    if (tasks_.stacks && tasks_.admin.json)
      return usage_error("--stacks cannot be combined with --json, which includes the stacks");
    tasks_.filter = filter_.parse();
    tasks_.fail = fail_->count() > 0;
    tasks_.fail_if_stray = !also_.empty();
    tasks_.every = watch_.parse();
    return std::move(tasks_);
  }

 private:
  const AdminFlags& admin_;
  FilterFlags filter_;
  WatchFlag watch_;
  TasksCommand tasks_;
  std::string also_;
  CLI::Option* fail_ = nullptr;
};

// The other pages of /debug, printed unchanged.
class PageFlags {
 public:
  PageFlags(CLI::App& command, AdminFlags& admin, std::string path, const std::string& leaks)
      : admin_(admin), watch_(command, "in place") {
    page_.path = std::move(path);
    admin.add_to(command);
    command.add_option("--limit", page_.limit, "List at most N entries")
        ->check(cli::count_check(1, most_entries))
        ->type_name("N");
    command.add_flag("--fail", page_.fail, "Exit with status 3 if " + leaks)->excludes(watch_.option());
  }
  std::expected<Command, cli::Message> parse() {
    auto admin = admin_.parse();
    if (!admin) return std::unexpected(admin.error());
    page_.admin = std::move(*admin);
    page_.every = watch_.parse();
    return std::move(page_);
  }

 private:
  const AdminFlags& admin_;
  WatchFlag watch_;
  PageCommand page_;
};

class ReapFlags {
 public:
  ReapFlags(CLI::App& command, AdminFlags& admin) : admin_(admin), filter_(command) {
    admin.add_to(command);
    filter_.add_limit(command, "End at most N tasks of each loop");
  }
  std::expected<Command, cli::Message> parse() {
    auto admin = admin_.parse();
    if (!admin) return std::unexpected(admin.error());
    return ReapCommand{std::move(*admin), filter_.parse()};
  }

 private:
  const AdminFlags& admin_;
  FilterFlags filter_;
};

class PsFlags {
 public:
  explicit PsFlags(CLI::App& command) {
    command.add_option("PID|CORE", ps_.target, "Process id, or path of a core file")
        ->required()
        ->type_name("");
    command
        .add_option("--binary", ps_.binary,
                    "Path of the program that wrote the core file, if the program was moved")
        ->type_name("FILE");
    command.add_flag("--tree", ps_.tree,
                     "Print contexts, scopes and tasks as a tree, and which tasks each task waits for");
    command.add_flag("--json", ps_.json, "Print JSON in the format of /debug/tasks");
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
  app.set_help_all_flag("--help-all", "Print the help of all commands");
  app.set_version_flag("--version", "leash-client " LEASH_VERSION, "Print the version and exit");

  CLI::App& get_app = *app.add_subcommand("get", "Send a request and print the response body");
  CLI::App& mode_app = *app.add_subcommand("mode", "Print or change the mode of leash-server");
  CLI::App& tasks_app =
      *app.add_subcommand("tasks", "List live tasks, grouped by the line that started them");
  CLI::App& leaks_app =
      *app.add_subcommand("leaks", "List leaked tasks, grouped by the line that started them");
  CLI::App& contexts_app =
      *app.add_subcommand("contexts", "List contexts, grouped by the line that made them");
  CLI::App& coroutines_app =
      *app.add_subcommand("coroutines", "List tracked coroutines, grouped by the line where they wait");
  CLI::App& tree_app = *app.add_subcommand("tree", "Print loops, contexts, scopes and tasks as a tree");
  CLI::App& reap_app = *app.add_subcommand(
      "reap", "End leaked tasks by force; to see which ones, run leaks first with the same filters");
  CLI::App& ps_app = *app.add_subcommand(
      "ps", "List the tasks and coroutines of a process or core file from outside, without changing it");
  AdminFlags admin(app);
  GetFlags get(get_app, admin);
  ModeFlags mode(mode_app, admin);
  TasksFlags tasks(tasks_app, admin, false);
  TasksFlags leaks(leaks_app, admin, true);
  PageFlags contexts(contexts_app, admin, "/debug/contexts", "a context has outlived its owner");
  PageFlags coroutines(coroutines_app, admin, "/debug/coroutines", "a coroutine has leaked");
  PageFlags tree(tree_app, admin, "/debug/tree",
                 "there is a leak: a leaked or stranded task, a leaked coroutine or an outlived context");
  ReapFlags reap(reap_app, admin);
  PsFlags ps(ps_app);
  const std::array<CLI::App*, 9> all = {&get_app,        &mode_app, &tasks_app, &leaks_app, &contexts_app,
                                        &coroutines_app, &tree_app, &reap_app,  &ps_app};
  for (CLI::App* each : all) each->footer(exit_statuses);

  if (auto message = cli::parse(app, argc, argv)) return std::unexpected(*std::move(message));
  if (get_app.parsed()) return get.parse();
  if (mode_app.parsed()) return mode.parse();
  if (tasks_app.parsed()) return tasks.parse();
  if (leaks_app.parsed()) return leaks.parse();
  if (contexts_app.parsed()) return contexts.parse();
  if (coroutines_app.parsed()) return coroutines.parse();
  if (tree_app.parsed()) return tree.parse();
  if (ps_app.parsed()) return ps.parse();
  return reap.parse();
}

}  // namespace client
