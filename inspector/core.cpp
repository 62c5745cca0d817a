// SPDX-License-Identifier: BSL-1.0
#include "inspector/core.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "inspector/metrics.hpp"
#include "inspector/profile_routes.hpp"
#include "leash/go.hpp"
#include "leash/loops.hpp"
#include "leash/sleep.hpp"
#include "process/process.hpp"

namespace inspector {

using http::server::Connection;
using http::server::Exchange;
using http::server::Listener;
using http::server::Route;
using namespace std::chrono_literals;

namespace {

// The inspector's share of the descriptors: a sixteenth.
std::uint64_t most_clients() { return std::clamp<std::uint64_t>(process::max_open_fds() / 16, 1, 1000); }

// Some answers wait for stuck loops, so the timeout may be longer than that of the program's requests.
http::server::Settings with_time_to_ask(http::server::Settings settings) {
  settings.request_timeout = std::max<std::chrono::nanoseconds>(settings.request_timeout, 10s);
  return settings;
}

Program with_log(Program program) {
  if (!program.log) program.log = [](auto...) {};
  return program;
}

}  // namespace

Core::Core(Program program)
    : program_(with_log(std::move(program))),
      probes_(program_.log, program_.stall),
      live_page_(program_, probes_),
      access_({.token = program_.token,
               .realm = program_.name,
               .names = program_.names,
               .any_name = program_.any_name}),
      service_(routes(), with_time_to_ask(program_.settings),
               [this](const http::Request& request) { return access_.refuse(request); }),
      worker_(service_, {.name = "leash inspector"}),
      admission_({&worker_}, most_clients()) {
  service_.log = program_.log;
  leash::leave_out(worker_.loop());
  (void)process::metrics();  // opens its permanent files while descriptors are available
}

std::vector<Route> Core::routes() {
  std::vector<Route> all = live_page_.routes();
  all.push_back({http::Method::get, "/metrics", "", "metrics for Prometheus", [this](Exchange&) {
                   return http::Response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                         .body = render_metrics(probes_, program_.append_families)};
                 }});
  for (Route& route : debug_.routes()) all.push_back(std::move(route));
  for (Route& route : profile_routes()) all.push_back(std::move(route));
  all.insert(all.end(), program_.routes.begin(), program_.routes.end());
  return all;
}

void Core::listen(Listener listener) {
  const leash::Context& serving = worker_.serving();
  leash::go(serving, probes_.run(serving), "loop probe");
  leash::go(serving, live_page_.run(serving), "samples");
  listening_.emplace(leash::with_cancel(serving, leash::Label("listener")));
  const leash::Context& ctx = listening_->ctx;
  leash::go(ctx, Listener::run(std::move(listener), ctx, {&worker_}, &admission_), "inspector's listener");
}

leash::Task<> Core::close() {
  if (listening_) listening_->cancel(leash::errc::shutdown);
  const leash::TimePoint until = loop().now() + 100ms;
  while (worker_.open.load() != 0 && loop().now() < until) {
    for (Connection* connection : worker_.connections) connection->end_if_idle(true);
    co_await leash::sleep(5ms);
  }
}

}  // namespace inspector
