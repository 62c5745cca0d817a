// SPDX-License-Identifier: BSL-1.0
#include "server/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "inspector/inspection.hpp"
#include "leash/go.hpp"
#include "leash/loops.hpp"
#include "leash/sleep.hpp"
#include "leash/src/outside/running_task.hpp"
#include "process/process.hpp"
#include "server/admin.hpp"
#include "server/log.hpp"
#include "server/mode.hpp"
#include "server/patterns/hung_upstream.hpp"
#include "server/patterns/pattern.hpp"
#include "server/patterns/upstream_client.hpp"
#include "units/number.hpp"

namespace server {

using namespace std::chrono_literals;
using http::server::Connection;
using http::server::Listener;
using http::server::Service;
using http::server::Worker;
using http::server::Workers;
using leash::Context;
using leash::Result;
using leash::Task;

namespace {

Workers make_workers(Service& service, const Options& from) {
  label_by_mode(service, from.mode);
  service.log = log_limited;
  leash::LoopOptions options;
  if (from.reap_after.count() > 0) {
    options.reap_after = std::chrono::duration_cast<leash::Duration>(from.reap_after);
  }
  const unsigned count = from.threads != 0 ? from.threads : std::max(1U, std::thread::hardware_concurrency());
  Workers workers;
  for (unsigned i = 0; i < count; ++i) {
    options.name = "worker " + std::to_string(i);
    workers.push_back(std::make_unique<Worker>(service, options, i, count));
  }
  return workers;
}

}  // namespace

Server::Server(const Options& options)
    : shared_(options),
      service_(public_routes(shared_), options.serving),
      workers_(make_workers(service_, shared_.options)),
      admin_(admin_program(shared_, service_, workers_)) {}

Server::~Server() {
  for (const auto& worker : workers_) worker->stop_and_join();
}

std::expected<std::unique_ptr<Server>, std::string> Server::open(const Options& options) {
  std::unique_ptr<Server> server(new Server(options));
  if (auto listening = server->listen(); !listening) return std::unexpected(listening.error());
  if (auto connected = server->connect_upstream(); !connected) return std::unexpected(connected.error());
  return server;
}

// The built-in upstream runs on the admin listener's loop, so that it does not count in the demonstration's metrics.
std::expected<void, std::string> Server::connect_upstream() {
  const Options& options = shared_.options;
  std::optional<http::Url> url = options.upstream;
  std::optional<leash::Duration> timeout;
  if (url) {
    timeout = std::chrono::duration_cast<leash::Duration>(options.upstream_timeout);
  } else {
    auto hung = HungUpstream::open(admin_.loop().io());
    if (!hung) return std::unexpected(hung.error());
    url = hung->url();
    const Context& serving = admin_.worker().serving();
    leash::go(serving, HungUpstream::run(std::move(*hung), serving), "hung upstream");
  }
  // Both ends of a call may be descriptors of this process: calls get 3/8 of all, so that half of them remain for clients
  // and an eighth for the admin listener and the process itself.
  const std::size_t most_calls = process::max_open_fds() * 3 / 16 / workers_.size();
  for (const auto& worker : workers_) {
    auto state = std::make_shared<PatternState>();
    state->upstream = std::make_shared<Upstream>(worker->loop(), *url, timeout, most_calls);
    worker->keep(std::move(state));
  }
  return {};
}

std::expected<void, std::string> Server::listen() {
  const Options& options = shared_.options;
  std::vector<Worker*> all;
  std::vector<asio::io_context*> ios;
  for (const auto& worker : workers_) {
    all.push_back(worker.get());
    ios.push_back(&worker->loop().io());
  }
  // The other half of the descriptors is for upstream calls and for the admin listener.
  most_connections_ = std::min(options.max_connections, process::max_open_fds() / 2);
  admission_.emplace(all, most_connections_);
  if (options.accept == Accept::turns) {
    auto listener = Listener::open(*ios.front(), options.host, options.port);
    if (!listener) return std::unexpected(listener.error());
    public_url_ = listener->url();
    start(std::move(*listener), *all.front(), all);
  } else {
    auto listeners = Listener::open_one_each(ios, options.host, options.port);
    if (!listeners) return std::unexpected(listeners.error());
    public_url_ = listeners->front().url();
    for (std::size_t i = 0; i < all.size(); ++i) start(std::move((*listeners)[i]), *all[i], {all[i]});
  }

  auto admin = Listener::open(admin_.loop().io(), options.admin_host, options.admin_port);
  if (!admin) return std::unexpected(admin.error());
  admin_url_ = admin->url();
  admin_is_open_ = !admin->is_loopback() && options.admin_token.empty();
  admin_.listen(std::move(*admin));
  return {};
}

// A listener's task runs on a worker's loop, under a context that the drain cancels.
void Server::start(Listener listener, Worker& on, std::vector<Worker*> to) {
  listening_.push_back(leash::with_cancel(on.serving(), leash::Label("listener")));
  stop_listening_.push_back(listening_.back().cancel.remote());
  listeners_.fetch_add(1);
  leash::go(listening_.back().ctx, run(std::move(listener), listening_.back().ctx, std::move(to)),
            "listener");
}

Task<> Server::run(Listener listener, Context ctx, std::vector<Worker*> to) {
  struct Counted {
    explicit Counted(std::atomic<int>& c) noexcept : count(c) {}
    ~Counted() { count.fetch_sub(1); }
    std::atomic<int>& count;
  };
  const Counted counted(listeners_);  // counted down on every path
  co_await Listener::run(std::move(listener), std::move(ctx), std::move(to), &*admission_);
}

int Server::run() {
  const Context& serving = admin_.worker().serving();
  shared_.memory.start(service_.memory, admin_.worker().memory());
  leash::go(serving, shared_.memory.run(serving), "memory watch");
  leash::go(serving, watch_leaks(serving), "leak watch");
  // Created before "ready" is printed, so that a signal after it always drains; an earlier signal ends the process.
  Signals signals(admin_.loop().io());
  leash::go(serving, wait_for_signal(serving, &signals), "signals");
  // These tasks begin to wait, so that a signal also drains when memory is short by then.
  admin_.loop().io().poll();

  for (const auto& worker : workers_) worker->start();
  warn();
  std::printf("ready public=%s admin=%s\n", public_url_.c_str(), admin_url_.c_str());
  std::fflush(stdout);
  log_event(LogLevel::info, "serving",
            {{"threads", workers_.size()},
             {"mode", to_string(shared_.options.mode)},
             {"public", public_url_},
             {"admin", admin_url_}});
  admin_.worker().run();

  join_workers();
  return status_;
}

// A thread that does not return cannot be ended, and the loop that it runs cannot be destroyed.
void Server::join_workers() {
  for (const auto& worker : workers_) worker->stop();
  const leash::TimePoint until = leash::later(std::chrono::steady_clock::now(), 3s);
  bool all = true;
  for (const auto& worker : workers_) {
    if (worker->join_until(until)) continue;
    log_event(LogLevel::error, "a loop does not return; the process ends without it",
              {{"loop", worker->loop().name()}});
    all = false;
  }
  if (all) return;
  close_log();
  std::_Exit(leaked);
}

void Server::warn() const {
  if (most_connections_ < shared_.options.max_connections) {
    log_event(LogLevel::warn, "file descriptors limit the connections",
              {{"max_connections", most_connections_}, {"max_open_fds", process::max_open_fds()}});
  }
  if (admin_is_open_) {
    log_event(LogLevel::warn, "the admin listener can be reached from other hosts without a token",
              {{"admin", admin_url_}, {"remedy", "--admin-token"}});
  }
}

// --- serving ---

Task<> Server::watch_leaks(Context ctx) {
  for (Result<> slept; slept; slept = co_await leash::sleep(ctx, 500ms)) {
    // The allocator keeps freed memory until it is told to return it.
    if (leak_log_.look(metrics()) != 0) process::return_free_memory();
  }
}

Task<> Server::wait_for_signal(Context ctx, Signals* signals) {
  const Result<int> signal = co_await signals->first(ctx);
  if (!signal) co_return;
  log_event(LogLevel::info, "draining", {{"signal", *signal}});
  try {
    co_await drain();
    co_await admin_.close();
  } catch (const std::exception& e) {  // no memory: end without the rest of the drain
    status_ = leaked;
    log_event(LogLevel::error, "the drain was cut short", {{"what", e.what()}});
  }
  admin_.loop().io().stop();
}

// --- the drain ---

std::uint64_t Server::connections() const {
  std::int64_t open = 0;
  for (const auto& worker : workers_) open += worker->open.load();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(open, 0));
}

std::uint64_t Server::tasks_alive() const {
  std::uint64_t alive = 0;
  for (const auto& worker : workers_) alive += leash::live_tasks(worker->loop());
  return alive;
}

// Waits until no listener and no connection is left, or until the limit; it closes idle connections repeatedly, because
// others become idle meanwhile.
Task<> Server::wait_until_served(leash::Duration limit, bool all) {
  const leash::TimePoint until = leash::later(admin_.loop().now(), limit);
  while ((listeners_.load() != 0 || connections() != 0) && admin_.loop().now() < until) {
    for (const auto& worker : workers_) {
      worker->post([worker = worker.get(), all] {
        for (Connection* connection : worker->connections) connection->end_if_idle(all);
      });
    }
    co_await leash::sleep(10ms);
  }
}

MetricsOfLoops Server::metrics() const {
  MetricsOfLoops all;
  for (const auto& worker : workers_) all.push_back(worker->loop().metrics());
  return all;
}

Task<> Server::drain() {
  service_.draining.store(true);
  (void)leak_log_.look(metrics());
  found_ = leak_totals(metrics());
  co_await leash::sleep(shared_.options.drain_delay);
  for (leash::RemoteCancel& stop : stop_listening_) stop(leash::errc::shutdown);
  const leash::Duration for_new = std::min<leash::Duration>(1s, shared_.options.drain_timeout);
  co_await wait_until_served(for_new, false);
  co_await wait_until_served(shared_.options.drain_timeout - for_new, true);

  for (const auto& worker : workers_) {
    worker->post([worker = worker.get()] {
      for (Connection* connection : worker->connections) connection->shut_down();
    });
  }
  co_await wait_until_served(1s, true);
  co_await find_outlived();

  for (const auto& worker : workers_) {
    worker->post([worker = worker.get()] { worker->loop().drain(leash::errc::shutdown); });
  }
  const leash::TimePoint until = admin_.loop().now() + 1s;
  while (tasks_alive() != 0 && admin_.loop().now() < until) co_await leash::sleep(10ms);
  co_await report_what_is_left();
}

// Called before the drain cancels them.
Task<> Server::find_outlived() {
  const LeakTotals now = leak_totals(metrics());
  found_.outlived = std::max(found_.outlived, now.outlived);
  if (found_.outlived == 0) co_return;
  auto seen = co_await inspector::dump_contexts(admin_.loop().background(), admin_.loop());
  outlived_ = leash::only_outlived(std::move(seen.all));
}

Task<> Server::report_what_is_left() {
  (void)leak_log_.look(metrics());
  found_.reaped = leak_totals(metrics()).reaped;
  const std::uint64_t left = tasks_alive();
  const bool clean = left == 0 && !found_.any();
  log_event(clean ? LogLevel::info : LogLevel::warn, "drained",
            {{"tasks_left", left},
             {"leaked", found_.leaked},
             {"outlived", found_.outlived},
             {"reaped", found_.reaped}});
  if (clean) co_return;
  status_ = leaked;

  struct Entry {
    const char* event;
    std::size_t count;
    std::string report;
  };
  std::vector<Entry> entries;
  const leash::DumpOptions everything;
  const auto seen = co_await inspector::dump_tasks(admin_.loop().background(), admin_.loop(), everything);
  for (const auto& worker : workers_) {
    if (std::ranges::find(seen.unresponsive, worker->loop().name()) == seen.unresponsive.end()) continue;
    std::string report = fmt::format("loop \"{}\" does not answer\n", worker->loop().name());
    if (const auto task = leash::outside::running_task(leash::RemoteLoop(worker->loop())))
      report += leash::to_text(*task);
    entries.push_back({"a loop does not answer", 1, std::move(report)});
  }
  for (const leash::TaskGroup& entry : seen.all.entries) {
    entries.push_back({"tasks left", entry.count, leash::to_text(entry)});
  }
  for (const leash::ContextGroup& group : outlived_.groups) {
    entries.push_back({"contexts outlived", group.outlived, leash::to_text(group)});
  }
  if (log_format() == LogFormat::json) {
    for (const Entry& entry : entries) {
      log_event(LogLevel::warn, entry.event, {{"count", entry.count}, {"report", entry.report}});
    }
    co_return;
  }
  std::string report =
      fmt::format("drain report: {} left, {} outlived, {} reaped\n", units::counted(left, "task"),
                  units::counted(found_.outlived, "context"), units::counted(found_.reaped, "leaked task"));
  for (const Entry& entry : entries) report += "\n" + entry.report;
  log_text(report);
}

}  // namespace server
