// SPDX-License-Identifier: BSL-1.0
// The command leash-load, from its arguments to its exit status.

#include <fmt/format.h>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "cli/program.hpp"
#include "client/file.hpp"
#include "leash/error.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/via.hpp"
#include "loadgen/exporter.hpp"
#include "loadgen/options.hpp"
#include "loadgen/report/delivery.hpp"
#include "loadgen/report/merge.hpp"
#include "loadgen/report/report_json.hpp"
#include "loadgen/report/run_output.hpp"
#include "loadgen/session.hpp"
#include "process/process.hpp"

namespace loadgen {

namespace {

// The first signal stops the load, the second one stops the waiting. The third one ends the process as usual.
leash::Task<> stop_on_signals(leash::Context ctx, const Session& session, leash::Cancel sending,
                              leash::Cancel waiting, asio::signal_set& signals) {
  const auto first = co_await signals.async_wait(leash::via(ctx));
  if (!first) co_return;
  sending();
  if (session.has_begun()) {
    std::fputs("\nleash-load: load stopped; waiting for the server to settle (Ctrl-C again to report now)\n",
               stderr);
  }
  const auto second = co_await signals.async_wait(leash::via(ctx));
  if (!second) co_return;
  std::error_code ignored;
  (void)signals.clear(ignored);
  waiting();
}

leash::Task<> run_until_done(leash::Scope& all, Session& session, leash::Context waiting,
                             leash::Context sending, std::vector<RunResult>& results) {
  results = co_await session.run(waiting, sending);
  all.cancel();
}

leash::Task<> run(leash::Loop& loop, const Options& options, std::optional<Exporter> exporter,
                  std::vector<RunResult>& results) {
  asio::signal_set signals(loop.io(), SIGINT, SIGTERM);
  struct sigaction now {};
  ::sigaction(SIGHUP, nullptr, &now);
  if (now.sa_handler != SIG_IGN) signals.add(SIGHUP);  // it is ignored under nohup
  Session session(loop, options);
  leash::Scope all(loop.background());
  auto waiting = leash::with_cancel(all.ctx());
  auto sending = leash::with_cancel(waiting.ctx);
  all.go(run_until_done(all, session, waiting.ctx, sending.ctx, results), "session");
  all.go(stop_on_signals(all.ctx(), session, std::move(sending.cancel), std::move(waiting.cancel), signals),
         "signals");
  if (exporter) {
    Exporter::Render render = [&session] { return render_metrics(session.figures()); };
    all.go(Exporter::run(std::move(*exporter), loop, all.ctx(), std::move(render)), "exporter");
  }
  (void)co_await all.join();
}

int load(const Options& options) {
  process::raise_max_open_fds();
  std::vector<RunResult> results;
  {
    asio::io_context io{1};
    leash::LoopOptions loop_options = cli::loop_options();
    loop_options.timer_grid = std::chrono::microseconds(50);
    leash::Loop loop{io, std::move(loop_options)};
    std::optional<Exporter> exporter;
    if (options.prometheus) {
      auto opened = Exporter::open(io, options.prometheus->host, options.prometheus->port);
      if (!opened) {
        cli::complain(opened.error());
        return Exit::usage;
      }
      RunOutput(options.delivery.text_goes_to()).print(fmt::format("own metrics: {}\n", opened->url()));
      exporter.emplace(std::move(*opened));
    }
    leash::go(loop.background(), run(loop, options, std::move(exporter), results), "leash-load");
    const auto ran = loop.run();
    if (!ran) {
      cli::complain(ran.error().message());
      return Exit::unknown;
    }
    // leash-load checks itself for leaks, too.
    leash::check(leash::live_tasks(loop) == 0, "leash-load has left tasks behind");
    leash::check(loop.metrics()->contexts_live.get() == 0, "leash-load has left contexts behind");
  }
  if (results.empty()) return Exit::unknown;
  return deliver(options.delivery, std::move(results));
}

// Reads and merges reports; on failure it prints one line.
std::optional<std::vector<RunResult>> read_and_merge(const std::vector<std::string>& files) {
  std::vector<std::vector<RunResult>> sides;  // the runs of each side
  std::unordered_set<std::string> known;
  const auto fail = [](const std::string& file, std::string_view why) {
    cli::complain(fmt::format("{}: {}", file, why));
    return std::nullopt;
  };
  for (const std::string& file : files) {
    auto text = client::read_file(file);
    if (!text) {
      cli::complain(text.error());
      return std::nullopt;
    }
    auto report = read_report(*text);
    if (!report) return fail(file, report.error());
    if (!known.insert(*std::move(text)).second) return fail(file, "the same report was given twice");
    if (!sides.empty() && sides.size() != report->size())
      return fail(file, "cannot merge a run with a comparison");
    sides.resize(report->size());
    for (std::size_t i = 0; i < sides.size(); ++i) {
      sides[i].push_back(std::move((*report)[i]));
      if (const auto wrong = cannot_merge(sides[i])) return fail(file, *wrong);
    }
  }
  std::vector<RunResult> merged;
  for (const auto& side : sides) merged.push_back(merge(side));
  return merged;
}

int execute(const Options& options) {
  std::optional<std::vector<RunResult>> merged;
  if (options.is_merge()) {
    merged = read_and_merge(options.merge_files);
    if (!merged) return Exit::usage;
  }
  if (const auto wrong = cannot_deliver(options.delivery)) {
    cli::complain(*wrong);
    return Exit::usage;
  }
  return merged ? deliver(options.delivery, std::move(*merged)) : load(options);
}

}  // namespace
}  // namespace loadgen

int main(int argc, char** argv) {
  cli::prepare_standard_streams();
  const auto options = loadgen::parse_command_line(argc, argv);
  if (!options) return cli::show(options.error());
  return cli::run([&] { return loadgen::execute(*options); }, loadgen::Exit::unknown);
}
