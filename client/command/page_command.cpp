// SPDX-License-Identifier: BSL-1.0
// leash-client contexts, coroutines and tree

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "client/command/admin.hpp"
#include "client/command/command.hpp"
#include "client/command/findings.hpp"
#include "client/command/frame.hpp"
#include "client/command/live_screen.hpp"
#include "client/command/watch.hpp"
#include "http/message/json.hpp"
#include "leash/sleep.hpp"
#include "units/duration.hpp"

namespace client {
namespace {

std::string path_of(const PageCommand& command) {
  TaskFilter only_limit;
  only_limit.limit = command.limit;
  return fmt::format("{}{}{}format={}", command.path, to_query(only_limit), command.limit ? '&' : '?',
                     command.admin.json ? "json" : "text");
}

// The kinds of leaks that the page shows.
Sought leaks_on(const PageCommand& command) {
  const bool all = command.path == "/debug/tree";
  Sought sought;
  sought.tasks = all;
  sought.contexts = all || command.path == "/debug/contexts";
  sought.coroutines = all || command.path == "/debug/coroutines";
  return sought;
}

leash::Task<int> print_page(leash::Context ctx, Admin& admin, const PageCommand& command) {
  const auto text = co_await admin.report(ctx, path_of(command));
  if (!text) co_return complain(text.error(), command.admin);
  bool printed = false;
  if (command.admin.json) {
    const nlohmann::ordered_json answer = http::parse_json(*text);
    if (answer.is_discarded())
      co_return complain(not_understood(command.admin, "the response is not JSON"), command.admin);
    printed = print_json(answer);
  } else {
    printed = cli::print_foreign(*text);
  }
  if (!printed) co_return output_failed();
  if (!command.fail) co_return Exit::success;
  const TaskFilter everything;
  const auto found = co_await find_leaks(ctx, admin, command.admin, everything, leaks_on(command));
  if (!found) co_return complain(found.error(), command.admin);
  if (found->any()) co_return complain(Exit::leak, to_text(*found));
  co_return Exit::success;
}

leash::Task<int> watch_lines(leash::Context ctx, Admin& admin, const PageCommand& command) {
  bool first = true;
  AnsweringProcess process;
  while (!ctx.is_done()) {
    auto text = co_await admin.report(ctx, path_of(command));
    if (!text && (first || ctx.is_done())) co_return complain(text.error(), command.admin);
    if (!text) {
      text.error().next = try_again(*command.every);
      complain(text.error(), command.admin);
    } else if (const std::string head = heading(process.another_since(admin.process_started()));
               !cli::print_foreign(fmt::format("{}{}\n", head, *text))) {
      co_return output_failed();
    }
    first = false;
    (void)co_await leash::sleep(ctx, *command.every);
  }
  co_return Exit::success;
}

class LivePage : public LiveScreen {
 public:
  LivePage(leash::Loop& loop, Admin& admin, const PageCommand& command, std::string_view first)
      : LiveScreen(loop, *command.every), admin_(admin), command_(command) {
    frame_.title = fmt::format("{} of {}, every {}", command.path.substr(command.path.rfind('/') + 1),
                               command.admin.address(), units::format_duration(*command.every));
    (void)process_.another_since(admin.process_started());
    take(first);
  }

 private:
  void take(std::string_view text) {
    frame_.time = time_of_day();
    frame_.problem.clear();
    lines_.clear();
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      lines_.push_back({cli::without_control_characters(text.substr(0, end))});
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  leash::Task<> look(leash::Context ctx) override {
    const auto text = co_await admin_.report(ctx, path_of(command_));
    if (text) {
      std::string another = process_.another_since(admin_.process_started());
      if (!another.empty()) frame_.another_since = std::move(another);
      take(*text);
    } else {
      frame_.problem = fmt::format("no answer since {}: {}; {}", frame_.time, text.error().what,
                                   try_again(*command_.every));
    }
  }

  std::vector<std::string> drawn(const cli::Terminal& terminal) const override {
    return framed(frame_, {}, lines_, "line", terminal);
  }

  Admin& admin_;
  const PageCommand& command_;
  AnsweringProcess process_;
  Frame frame_;
  std::vector<Line> lines_;
};

leash::Task<int> watch_screen(leash::Context ctx, leash::Loop& loop, Admin& admin,
                              const PageCommand& command) {
  const auto first = co_await admin.report(ctx, path_of(command));
  if (!first) co_return complain(first.error(), command.admin);
  LivePage page(loop, admin, command, *first);
  co_await page.run(ctx);
  co_return Exit::success;
}

}  // namespace

leash::Task<int> execute(leash::Context ctx, leash::Loop& loop, PageCommand command) {
  Admin admin(loop, command.admin);
  if (!command.every) co_return co_await print_page(ctx, admin, command);
  if (command.admin.json)
    co_return co_await watch_json(ctx, admin, command.admin, path_of(command), *command.every);
  const bool live = cli::terminal(STDOUT_FILENO).can_redraw;
  if (live) co_return co_await watch_screen(ctx, loop, admin, command);
  co_return co_await watch_lines(ctx, admin, command);
}

}  // namespace client
