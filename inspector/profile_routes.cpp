// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile_routes.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "http/message/problem.hpp"
#include "http/server/parameters.hpp"
#include "http/server/worker.hpp"
#include "inspector/inspection.hpp"
#include "inspector/profile/pprof.hpp"
#include "leash/task_filter.hpp"

namespace inspector {

using http::server::Exchange;
using http::server::MaybeResponse;
using http::server::Route;
using leash::Result;
using leash::Task;

namespace {

constexpr std::size_t most_samples_of_loop = 10'000;

std::string without_sample(const std::vector<leash::Dump>& dumps) {
  std::size_t left_out = 0;
  for (const leash::Dump& dump : dumps) {
    left_out += dump.matched;
    for (const leash::TaskGroup& entry : dump.entries) left_out -= entry.count;
  }
  if (left_out == 0) return {};
  return fmt::format(
      "{} tasks are left out: of each loop, a profile has at most {} samples, the largest ones", left_out,
      most_samples_of_loop);
}

Task<Result<MaybeResponse>> answer_profile(Exchange& exchange, bool only_leaked) {
  http::server::Parameters parameters(exchange.query(), {"debug", "seconds"});
  if (parameters.integer("debug", 0, 0, 2) != 0) {
    parameters.fail("Profiles are always binary; for text use /debug/tasks?format=text.");
  }
  if (exchange.query().find("seconds")) {
    parameters.fail("A profile shows one moment; compare two with go tool pprof -diff_base.");
  }
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  leash::DumpOptions dump;
  dump.filter.limit = most_samples_of_loop;
  if (only_leaked) dump.filter.state = leash::TaskState::leaked;
  const auto seen = co_await dump_tasks_by_loop(exchange.ctx(), exchange.worker().loop(), dump);
  leash::CoroutineFilter filter;
  if (only_leaked) filter.state = leash::CoroutineState::leaked;
  CoroutineDump coroutines = co_await dump_coroutines(std::move(filter));

  ProfileOptions options;
  options.at = std::chrono::system_clock::now();
  options.shown_first = only_leaked ? "leaked" : "tasks";
  for (const std::string& name : seen.unresponsive) {
    options.comments.push_back(fmt::format("loop \"{}\" does not answer: its tasks are left out", name));
  }
  if (coroutines.entries.size() > most_samples_of_loop) {
    coroutines.entries.resize(most_samples_of_loop);
    options.comments.push_back(
        fmt::format("coroutines beyond the largest {} groups are left out", most_samples_of_loop));
  }
  if (std::string remark = without_sample(seen.all); !remark.empty()) options.comments.push_back(remark);
  http::Response response{.content_type = "application/octet-stream",
                          .body = to_pprof(seen.all, options, coroutines.entries)};
  const std::string_view file = only_leaked ? "leaks" : "tasks";
  response.headers.add("Content-Disposition", fmt::format("attachment; filename=\"{}.pb.gz\"", file));
  co_return response;
}

}  // namespace

std::vector<Route> profile_routes() {
  using enum http::Method;
  return {{get, "/debug/pprof/tasks", "", "live tasks, as a pprof profile",
           [](Exchange& exchange) { return answer_profile(exchange, false); }},
          {get, "/debug/pprof/goroutine", "", "the same, under Go's name",
           [](Exchange& exchange) { return answer_profile(exchange, false); }},
          {get, "/debug/pprof/goroutineleak", "", "leaked tasks, as a pprof profile",
           [](Exchange& exchange) { return answer_profile(exchange, true); }}};
}

}  // namespace inspector
