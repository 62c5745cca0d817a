// SPDX-License-Identifier: BSL-1.0
// leash-client tasks and leash-client leaks

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <ctime>
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "cli/terminal.hpp"
#include "client/command/admin.hpp"
#include "client/command/command.hpp"
#include "client/command/findings.hpp"
#include "client/command/full_screen.hpp"
#include "client/command/task_list.hpp"
#include "client/command/task_table.hpp"
#include "client/command/task_view.hpp"
#include "http/message/json.hpp"
#include "leash/channel.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"
#include "units/duration.hpp"

namespace client {
namespace {

using Json = nlohmann::ordered_json;

std::string path_of(const TasksCommand& command) {
  const std::string query = to_query(command.filter);
  const std::string format = std::string("format=") + (command.stacks ? "text" : "json");
  return (command.only_leaked ? "/debug/leaks" : "/debug/tasks") + (query.empty() ? "?" : query + "&") +
         format;
}

leash::Task<std::expected<TaskList, AdminFailure>> look(leash::Context ctx, Admin& admin,
                                                        const TasksCommand& command) {
  const auto answer = co_await admin.ask(ctx, "GET", path_of(command));
  if (!answer) co_return std::unexpected(answer.error());
  auto list = parse_task_list(*answer);
  if (!list) co_return std::unexpected(not_understood(command.admin, list.error()));
  co_return std::move(*list);
}

std::string text_of(const TasksCommand& command, const TaskList& list, bool changes) {
  const cli::Terminal terminal = cli::terminal(STDOUT_FILENO);
  TableStyle style;
  style.changes = changes;
  style.states = !command.only_leaked;
  if (terminal.interactive) style.width = terminal.width;
  std::string text;
  for (Line& line : task_table(list, style)) {
    if (line.look == Look::title) line.look = Look::strong;
    text += painted(line, terminal.color) + "\n";
  }
  if (!text.empty()) text += "\n";
  for (const Line& line : task_summary(list)) text += painted(line, terminal.color) + "\n";
  return text;
}

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  std::array<char, 16> text;
  return std::string(text.data(),
                     std::strftime(text.data(), text.size(), "%H:%M:%S", localtime_r(&now, &local)));
}

std::string try_again(const TasksCommand& command) {
  return "trying again every " + units::format_duration(*command.every);
}

// --- once ----------------------------------------------------------------------------------------------

// The exit status with --fail. Standard error says which leaks are not in the list.
leash::Task<int> judge(leash::Context ctx, Admin& admin, const TasksCommand& command, bool leaked) {
  if (!command.fail) co_return Exit::success;
  const auto found = co_await find_leaks(ctx, admin, command.admin, command.filter, command.fail_if_stray);
  if (!found) co_return complain(found.error(), command.admin);
  if (found->any()) co_return complain(Exit::leak, to_text(*found));
  co_return leaked ? Exit::leak : Exit::success;
}

// A report may begin with lines about unresponsive loops, or with the number of the dump.
bool is_report(std::string_view text) { return text.starts_with("dump ") || text.starts_with("loop \""); }

leash::Task<int> print_as_told(leash::Context ctx, Admin& admin, const TasksCommand& command) {
  const auto answer = co_await admin.ask(ctx, "GET", path_of(command));
  if (!answer) co_return complain(answer.error(), command.admin);
  bool printed = false;
  bool leaks = false;
  if (command.stacks) {
    if (!is_report(*answer)) {
      co_return complain(not_understood(command.admin, "the response is not the report of an inspector"),
                         command.admin);
    }
    printed = cli::print_foreign(*answer);
  } else {
    const auto list = parse_task_list(*answer);
    if (!list) co_return complain(not_understood(command.admin, list.error()), command.admin);
    leaks = list->leaked > 0;
    printed = print_json(http::parse_json(*answer));
  }
  if (!printed) co_return output_failed();
  co_return co_await judge(ctx, admin, command, leaks);
}

leash::Task<int> print_table(leash::Context ctx, Admin& admin, const TasksCommand& command) {
  const auto list = co_await look(ctx, admin, command);
  if (!list) co_return complain(list.error(), command.admin);
  if (!cli::print(text_of(command, *list, false))) co_return output_failed();
  co_return co_await judge(ctx, admin, command, list->leaked > 0);
}

// --- repeatedly, into a file or a pipe --------------------------------------------------------------------
// It ends if the server cannot be reached the first time, but goes on if the server stops answering later.

leash::Task<int> watch_json(leash::Context ctx, Admin& admin, const TasksCommand& command) {
  bool first = true;
  while (!ctx.is_done()) {
    const auto answer = co_await admin.ask(ctx, "GET", path_of(command));
    Json json;
    if (answer) json = http::parse_json(*answer);
    if (answer && json.is_discarded())
      co_return complain(not_understood(command.admin, "the response is not JSON"), command.admin);
    if (!answer && (first || ctx.is_done())) co_return complain(answer.error(), command.admin);
    if (!answer) json["error"] = answer.error().what;
    if (!print_json_line(json)) co_return output_failed();
    first = false;
    (void)co_await leash::sleep(ctx, *command.every);
  }
  co_return Exit::success;
}

leash::Task<int> watch_lines(leash::Context ctx, Admin& admin, const TasksCommand& command) {
  std::optional<TaskList> before;
  while (!ctx.is_done()) {
    auto list = co_await look(ctx, admin, command);
    if (!list && (!before || ctx.is_done())) co_return complain(list.error(), command.admin);
    if (!list) {
      list.error().next = try_again(command);
      complain(list.error(), command.admin);
    } else {
      const bool restarted = before && is_other_process(*list, *before);
      const bool changes = before && !restarted;
      if (changes) compare(*list, *before);
      const std::string heading = time_of_day() + (restarted ? " the server has restarted\n" : "\n");
      if (!cli::print(fmt::format("{}{}\n", heading, text_of(command, *list, changes))))
        co_return output_failed();
      before = std::move(*list);
    }
    (void)co_await leash::sleep(ctx, *command.every);
  }
  co_return Exit::success;
}

// --- repeatedly, on a terminal ----------------------------------------------------------------------------

class Live {
 public:
  Live(leash::Loop& loop, const TasksCommand& command, TaskList first)
      : loop_(loop), command_(command), screen_(STDOUT_FILENO), signals_(loop.io(), SIGWINCH, SIGTSTP) {
    view_.states = !command.only_leaked;
    view_.title = fmt::format("{} of http://{}, every {}", command.only_leaked ? "leaked tasks" : "tasks",
                              command.admin.address(), units::format_duration(*command.every));
    show(std::move(first));
  }

  leash::Task<> run(leash::Context ctx, Admin& admin) {
    leash::Scope all(ctx);
    all.go(follow_signals(all.ctx()), "signals");
    if (screen_.keyboard() >= 0) all.go(read_keys(all), "keys");
    while (!all.ctx().is_done()) {
      (void)co_await leash::select(leash::sleep(*command_.every), look_now_.receive(), all.ctx().done());
      auto list = co_await look(all.ctx(), admin, command_);
      if (all.ctx().is_done()) break;
      if (list) {
        if (is_other_process(*list, view_.list)) {
          view_.restart = time_of_day();
        } else {
          compare(*list, view_.list);
        }
        show(std::move(*list));
      } else {
        view_.problem =
            fmt::format("no answer since {}: {}; {}", view_.time, list.error().what, try_again(command_));
        draw();
      }
    }
    all.cancel();
    (void)co_await all.join();
  }

 private:
  void show(TaskList list) {
    view_.list = std::move(list);
    view_.time = time_of_day();
    view_.problem.clear();
    draw();
  }
  void draw() { screen_.draw(drawn(view_, cli::terminal(STDOUT_FILENO))); }

  leash::Task<> follow_signals(leash::Context ctx) {
    for (;;) {
      const auto number = co_await signals_.async_wait(leash::via(ctx));
      if (!number) co_return;
      if (*number == SIGTSTP) screen_.stop_process();
      draw();
    }
  }

  leash::Task<> read_keys(leash::Scope& all) {
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> keyboard(loop_.io().get_executor(),
                                                                                   ::dup(screen_.keyboard()));
    for (;;) {
      const auto readable =
          co_await keyboard.async_wait(asio::posix::descriptor_base::wait_read, leash::via(all.ctx()));
      if (!readable) co_return;
      const auto pressed = screen_.keys();
      if (!pressed) co_return;
      if (pressed->contains('q')) co_return all.cancel();
      if (pressed->contains(' ')) (void)look_now_.try_send(true);
    }
  }

  leash::Loop& loop_;
  const TasksCommand& command_;
  FullScreen screen_;
  asio::signal_set signals_;
  leash::Channel<bool> look_now_{1};
  TaskView view_;
};

leash::Task<int> watch_screen(leash::Context ctx, leash::Loop& loop, Admin& admin,
                              const TasksCommand& command) {
  auto first = co_await look(ctx, admin, command);
  if (!first) co_return complain(first.error(), command.admin);
  Live live(loop, command, std::move(*first));
  co_await live.run(ctx, admin);
  co_return Exit::success;
}

}  // namespace

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, TasksCommand command) {
  Admin admin(loop, command.admin);
  if (command.every) {
    if (command.admin.json) co_return co_await watch_json(ctx, admin, command);
    const bool live = cli::terminal(STDOUT_FILENO).can_redraw;
    if (live) co_return co_await watch_screen(ctx, loop, admin, command);
    co_return co_await watch_lines(ctx, admin, command);
  }
  if (command.stacks || command.admin.json) co_return co_await print_as_told(ctx, admin, command);
  co_return co_await print_table(ctx, admin, command);
}

}  // namespace client
