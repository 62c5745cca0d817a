// SPDX-License-Identifier: BSL-1.0
#include "loadgen/crew.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <exception>
#include <future>
#include <thread>
#include <utility>

#include "cli/program.hpp"
#include "leash/after_func.hpp"
#include "leash/go.hpp"
#include "loadgen/report/report_json.hpp"

namespace loadgen {
namespace {

// The share of thread `i`.
Plan share_of(const Plan& plan, std::uint64_t i, std::uint64_t threads) {
  Plan part = plan;
  const auto divided = [&](std::uint64_t all) { return all / threads + (i < all % threads ? 1 : 0); };
  part.share = {.first = i, .step = threads};
  part.alone = true;
  part.connections = divided(plan.connections);
  if (part.requests) part.requests = divided(*plan.requests);
  return part;
}

leash::StopHandle forward(const leash::Context& ctx, const leash::RemoteCancel& to) {
  return leash::after_func(ctx, [to] { to(); });
}

}  // namespace

// A thread, as the other threads see it. While it runs, they ask it through its io_context; afterwards they read its
// result.
struct Crew::Worker {
  // Available after the start.
  struct Handles {
    asio::io_context* io;
    Traffic* traffic;
    leash::RemoteCancel waiting;
    leash::RemoteCancel sending;
    leash::RemoteCancel staying;
  };

  Worker(const Plan& part, leash::RemoteCancel when_finished)
      : plan(part), finished(std::move(when_finished)) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    if (handles) {
      handles->waiting();
      end();
    } else if (thread.joinable()) {
      thread.join();
    }
  }

  void begin() {
    auto told = started.get_future();
    thread = std::thread([this] { work(); });
    handles.emplace(told.get());
  }

  void end() {
    handles->staying();
    thread.join();
    handles.reset();
  }

  // In its thread.
  void work() {
    bool has_loop = false;
    try {
      asio::io_context io{1};
      leash::LoopOptions options = cli::loop_options();
      options.timer_grid = std::chrono::microseconds(50);
      leash::Loop loop{io, std::move(options)};
      has_loop = true;
      leash::go(loop.background(), drive(loop, *this), "worker");
      if (const auto ran = loop.run(); !ran) cli::complain(ran.error().message());
    } catch (...) {  // no descriptors or no memory: begin() throws this
      if (has_loop) throw;
      started.set_exception(std::current_exception());
    }
    finished();
  }

  template <class Function>
  auto ask(Function function) const {
    std::promise<decltype(function(std::declval<Traffic&>()))> answer;
    asio::post(*handles->io, [&] { answer.set_value(function(*handles->traffic)); });
    return answer.get_future().get();
  }

  Plan plan;
  leash::RemoteCancel finished;
  std::optional<leash::Cancelable> has_finished;  // on the loop of the session
  std::promise<Handles> started;
  std::optional<Handles> handles;  // only while the thread runs
  std::thread thread;
  RunResult result;   // set at its end
  Interval interval;  // set at its end
};

leash::Task<> Crew::drive(leash::Loop& loop, Worker& worker) {
  Traffic traffic(loop, worker.plan);
  auto staying = leash::with_cancel(loop.background());
  auto waiting = leash::with_cancel(loop.background());
  auto sending = leash::with_cancel(waiting.ctx);
  worker.started.set_value(
      {&loop.io(), &traffic, waiting.cancel.remote(), sending.cancel.remote(), staying.cancel.remote()});
  try {
    co_await traffic.run(waiting.ctx, sending.ctx);
  } catch (const std::exception& error) {  // the measurements so far are still needed
    cli::complain(error.what());
  }
  worker.finished();
  (void)co_await staying.ctx.done();  // until then it still answers ask()
  traffic.write_to(worker.result);
  worker.interval = traffic.interval();
}

Crew::Crew(leash::Loop& loop, const Plan& plan) {
  if (plan.is_open()) schedule_ = plan.schedule();
  const std::uint64_t threads = std::min(plan.threads, plan.connections);
  if (threads == 1) {
    alone_.emplace(loop, plan);
    return;
  }
  for (std::uint64_t i = 0; i < threads; ++i) {
    auto finished = leash::with_cancel(loop.background());
    workers_.push_back(std::make_unique<Worker>(share_of(plan, i, threads), finished.cancel.remote()));
    workers_.back()->has_finished.emplace(std::move(finished));
  }
}

Crew::~Crew() = default;

leash::Task<> Crew::run(leash::Context ctx, leash::Context sending) {
  if (alone_) {
    co_await alone_->run(ctx, sending);
    co_return;
  }
  std::vector<leash::StopHandle> forwarding;
  for (const auto& worker : workers_) {
    worker->begin();
    forwarding.push_back(forward(sending, worker->handles->sending));
    forwarding.push_back(forward(ctx, worker->handles->waiting));
  }
  for (const auto& worker : workers_) (void)co_await worker->has_finished->ctx.done();
  for (const auto& worker : workers_) worker->end();
}

void Crew::write_to(RunResult& result) const {
  if (alone_) {
    alone_->write_to(result);
    return;
  }
  for (const auto& worker : workers_) {
    const auto written = [](const Traffic& traffic) {
      RunResult part;
      traffic.write_to(part);
      return part;
    };
    const bool is_first = worker == workers_.front();
    RunResult part = worker->handles ? worker->ask(written) : worker->result;
    if (is_first) {
      result = std::move(part);
    } else {
      add_load(result, part);
    }
  }
}

TrafficNow Crew::now() const {
  if (alone_) return alone_->now();
  TrafficNow sum;
  for (const auto& worker : workers_) {
    if (!worker->handles) continue;
    const TrafficNow part = worker->ask([](const Traffic& traffic) { return traffic.now(); });
    sum.in_flight += part.in_flight;
    sum.in_line += part.in_line;
    sum.connections += part.connections;
    sum.rate_asked += part.rate_asked;
  }
  return sum;
}

Interval Crew::take_interval() {
  const auto take = [](Traffic& traffic) { return std::exchange(traffic.interval(), {}); };
  if (alone_) return take(*alone_);
  Interval sum;
  for (const auto& worker : workers_) {
    const Interval part = worker->handles ? worker->ask(take) : std::exchange(worker->interval, {});
    sum.sent += part.sent;
    sum.ok += part.ok;
    sum.errors += part.errors;
    sum.latency.merge(part.latency);
  }
  return sum;
}

std::optional<double> Crew::rate_between(leash::Duration from, leash::Duration to) const noexcept {
  return schedule_ ? schedule_->rate_between(from, to) : std::nullopt;
}

}  // namespace loadgen
