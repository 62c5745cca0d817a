// SPDX-License-Identifier: BSL-1.0
// leash-client tasks and leash-client leaks

#include <fmt/format.h>
#include <unistd.h>

#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/terminal.hpp"
#include "client/command/admin.hpp"
#include "client/command/command.hpp"
#include "client/command/findings.hpp"
#include "client/command/live_screen.hpp"
#include "client/command/task_list.hpp"
#include "client/command/task_table.hpp"
#include "client/command/task_view.hpp"
#include "client/command/watch.hpp"
#include "http/message/json.hpp"
#include "leash/sleep.hpp"
#include "units/duration.hpp"

namespace client {
namespace {

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
  if (list->live == 0) {
    // An inspector without this page knows no coroutines.
    const auto coroutines = co_await admin.ask(ctx, "GET", "/debug/coroutines?limit=1&format=json");
    if (coroutines) list->coroutines = live_coroutines(*coroutines);
  }
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

// --- once ----------------------------------------------------------------------------------------------

// The exit status with --fail. Standard error says which leaks are not in the list.
leash::Task<int> judge(leash::Context ctx, Admin& admin, const TasksCommand& command, bool leaked) {
  if (!command.fail) co_return Exit::success;
  Sought sought;
  sought.stray_coroutines = command.fail_if_stray;
  auto found = co_await find_leaks(ctx, admin, command.admin, command.filter, sought);
  if (!found) co_return complain(found.error(), command.admin);
  found->leaked = 0;  // they are in the list
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

leash::Task<int> watch_lines(leash::Context ctx, Admin& admin, const TasksCommand& command) {
  std::optional<TaskList> before;
  AnsweringProcess process;
  while (!ctx.is_done()) {
    auto list = co_await look(ctx, admin, command);
    if (!list && (!before || ctx.is_done())) co_return complain(list.error(), command.admin);
    if (!list) {
      list.error().next = try_again(*command.every);
      complain(list.error(), command.admin);
    } else {
      const std::string another = process.another_since(admin.process_started());
      const bool changes = before && another.empty();
      if (changes) compare(*list, *before);
      const std::string text = heading(another) + text_of(command, *list, changes) + "\n";
      if (!cli::print(text)) co_return output_failed();
      before = std::move(*list);
    }
    (void)co_await leash::sleep(ctx, *command.every);
  }
  co_return Exit::success;
}

// --- repeatedly, on a terminal ----------------------------------------------------------------------------

class LiveTable : public LiveScreen {
 public:
  LiveTable(leash::Loop& loop, Admin& admin, const TasksCommand& command, TaskList first)
      : LiveScreen(loop, *command.every), admin_(admin), command_(command) {
    view_.states = !command.only_leaked;
    view_.title = fmt::format("{} of {}, every {}", command.only_leaked ? "leaked tasks" : "tasks",
                              command.admin.address(), units::format_duration(*command.every));
    (void)process_.another_since(admin.process_started());
    take(std::move(first));
  }

 private:
  void take(TaskList list) {
    view_.list = std::move(list);
    view_.time = time_of_day();
    view_.problem.clear();
  }

  leash::Task<> look(leash::Context ctx) override {
    auto list = co_await client::look(ctx, admin_, command_);
    if (!list) {
      view_.problem = fmt::format("no answer since {}: {}; {}", view_.time, list.error().what,
                                  try_again(*command_.every));
      co_return;
    }
    if (std::string another = process_.another_since(admin_.process_started()); another.empty()) {
      compare(*list, view_.list);
    } else {
      view_.another_since = std::move(another);
    }
    take(std::move(*list));
  }

  std::vector<std::string> drawn(const cli::Terminal& terminal) const override {
    return client::drawn(view_, terminal);
  }

  Admin& admin_;
  const TasksCommand& command_;
  AnsweringProcess process_;
  TaskView view_;
};

leash::Task<int> watch_screen(leash::Context ctx, leash::Loop& loop, Admin& admin,
                              const TasksCommand& command) {
  auto first = co_await look(ctx, admin, command);
  if (!first) co_return complain(first.error(), command.admin);
  LiveTable table(loop, admin, command, std::move(*first));
  co_await table.run(ctx);
  co_return Exit::success;
}

}  // namespace

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, TasksCommand command) {
  Admin admin(loop, command.admin);
  if (command.every) {
    if (command.admin.json)
      co_return co_await watch_json(ctx, admin, command.admin, path_of(command), *command.every);
    const bool live = cli::terminal(STDOUT_FILENO).can_redraw;
    if (live) co_return co_await watch_screen(ctx, loop, admin, command);
    co_return co_await watch_lines(ctx, admin, command);
  }
  if (command.stacks || command.admin.json) co_return co_await print_as_told(ctx, admin, command);
  co_return co_await print_table(ctx, admin, command);
}

}  // namespace client
