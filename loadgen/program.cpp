// SPDX-License-Identifier: BSL-1.0
#include "loadgen/program.hpp"

#include <array>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "leash/error.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/via.hpp"
#include "loadgen/exporter.hpp"
#include "loadgen/options.hpp"
#include "loadgen/report/delivery.hpp"
#include "loadgen/report/merge.hpp"
#include "loadgen/report/report_reader.hpp"
#include "loadgen/report/screen.hpp"
#include "loadgen/session.hpp"

namespace loadgen {

namespace {

struct Outcome {
  std::vector<RunResult> results;
  int signalled = 0;  // by the second signal: the status to end with
};

// The first signal ends the load, the second everything.
leash::Task<> stop_on_signal(leash::Scope& all, leash::Cancel sending, asio::signal_set& signals,
                             int& signalled) {
  const auto first = co_await signals.async_wait(leash::via(all.ctx()));
  if (!first) co_return;
  sending();
  std::fputs("\nleash-load: no more load; waiting for the server to come to rest (once more: end at once)\n",
             stderr);
  const auto second = co_await signals.async_wait(leash::via(all.ctx()));
  if (!second) co_return;
  signalled = 128 + *second;
  all.cancel();
}

leash::Task<> run_until_done(leash::Scope& all, Session& session, leash::Context sending,
                             std::vector<RunResult>& results) {
  results = co_await session.run(all.ctx(), sending);
  all.cancel();
}

leash::Task<> run(leash::Loop& loop, const Options& options, std::optional<Exporter> exporter,
                  Outcome& outcome) {
  asio::signal_set signals(loop.io(), SIGINT, SIGTERM);
  Session session(loop, options);
  leash::Scope all(loop.background());
  auto sending = leash::with_cancel(all.ctx());
  all.go(run_until_done(all, session, sending.ctx, outcome.results), "session");
  all.go(stop_on_signal(all, std::move(sending.cancel), signals, outcome.signalled), "signals");
  if (exporter) {
    Exporter::Render render = [&session] { return render_metrics(session.figures()); };
    all.go(Exporter::run(std::move(*exporter), all.ctx(), std::move(render)), "exporter");
  }
  (void)co_await all.join();
}

int load(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  Outcome outcome;
  {
    asio::io_context io{1};
    leash::LoopOptions loop_options;
    loop_options.timer_grid = std::chrono::microseconds(50);
    loop_options.on_exception = [](std::exception_ptr exception, const leash::TaskInfo*) {
      try {
        std::rethrow_exception(std::move(exception));
      } catch (const std::exception& e) {
        complain(e.what());
      }
    };
    leash::Loop loop{io, std::move(loop_options)};
    std::optional<Exporter> exporter;
    if (options.prometheus) {
      auto opened = Exporter::open(io, options.prometheus->host, options.prometheus->port);
      if (!opened) {
        complain(opened.error());
        return Exit::usage;
      }
      Screen(options.delivery.text_goes_to()).print("own metrics: " + opened->url() + "\n");
      exporter.emplace(std::move(*opened));
    }
    leash::go(loop.background(), run(loop, options, std::move(exporter), outcome), "leash-load");
    const auto ran = loop.run();
    if (!ran) {
      complain(ran.error().message());
      return Exit::unknown;
    }
    // What it asks of servers it does itself.
    leash::check(leash::live_tasks(loop) == 0, "leash-load has left tasks behind");
    leash::check(loop.metrics()->contexts_live.get() == 0, "leash-load has left contexts behind");
  }
  if (outcome.signalled != 0) return outcome.signalled;
  if (outcome.results.empty()) return Exit::unknown;
  return deliver(options.delivery, std::move(outcome.results));
}

std::optional<std::string> contents_of(const std::string& file) {
  std::ifstream in(file);
  std::string text;
  std::array<char, 64 * 1024> piece;
  while (in.read(piece.data(), piece.size()), in.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad()) return std::nullopt;  // a folder can be opened, and not read
  return text;
}

// Reports into results, or one line and the status for it.
std::optional<std::vector<RunResult>> read_and_merge(const std::vector<std::string>& files) {
  std::vector<std::vector<RunResult>> sides;  // of each side the runs
  for (const std::string& file : files) {
    const std::optional<std::string> text = contents_of(file);
    auto report = read_report(text.value_or(""));
    std::string wrong;
    if (!text) {
      wrong = "it cannot be read";
    } else if (!report) {
      wrong = report.error();
    } else if (report->results[0].runs != 1) {
      wrong = "it is the result of a merge: merge what that was made of";
    } else if (!sides.empty() && sides.size() != report->results.size()) {
      wrong = "runs and comparisons cannot be merged";
    }
    if (!wrong.empty()) {
      complain(file + ": " + wrong);
      return std::nullopt;
    }
    sides.resize(report->results.size());
    for (std::size_t i = 0; i < sides.size(); ++i) sides[i].push_back(std::move(report->results[i]));
  }
  std::vector<RunResult> merged;
  for (const auto& side : sides) merged.push_back(merge(side));
  return merged;
}

}  // namespace

int program(int argc, char** argv) {
  auto options = parse_command_line(argc, argv);
  if (!options) {
    const Message& message = options.error();
    if (message.exit_status != 0) {
      complain(message.text);
      return message.exit_status;
    }
    if (std::fputs(message.text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
    complain("the help cannot be printed");
    return Exit::usage;
  }
  try {
    std::optional<std::vector<RunResult>> merged;
    if (options->is_merge()) {
      merged = read_and_merge(options->merge_files);
      if (!merged) return Exit::usage;
    }
    if (const auto wrong = cannot_deliver(options->delivery)) {
      complain(*wrong);
      return Exit::usage;
    }
    return merged ? deliver(options->delivery, std::move(*merged)) : load(*options);
  } catch (const std::exception& e) {  // no memory, or no descriptors
    complain(e.what());
    return Exit::unknown;
  }
}

}  // namespace loadgen
