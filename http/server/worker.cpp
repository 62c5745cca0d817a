// SPDX-License-Identifier: BSL-1.0
#include "http/server/worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

#include "leash/go.hpp"
#include "leash/snapshot.hpp"

namespace http::server {
namespace {

leash::LoopOptions with_log(leash::LoopOptions options, const Service& service) {
  options.on_exception = [&service](std::exception_ptr exception, const leash::TaskInfo* task) {
    std::string what = "not a std::exception";
    try {
      std::rethrow_exception(std::move(exception));
    } catch (const std::exception& e) {
      what = e.what();
    } catch (...) {  // `what` already says so
    }
    service.log(LogLevel::error, "an exception left a task",
                {{"what", what}, {"task", task ? leash::to_text(*task) : std::string()}});
  };
  return options;
}

}  // namespace

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

Worker::Worker(Service& service, leash::LoopOptions loop, unsigned index, unsigned workers)
    : service_(service),
      metrics_(service.router.labels().size(), service.label.values.size()),
      loop_(io_, with_log(std::move(loop), service)),
      serving_(leash::with_cancel(loop_.background(), leash::Label("server"))),
      next_request_(index + 1),
      next_connection_(index + 1),
      stride_(workers),
      in_flight_limit_(std::max<std::uint64_t>(1, service.settings.max_in_flight / workers)) {}

Worker::~Worker() { stop_and_join(); }

void Worker::run() {
  const auto work = asio::make_work_guard(io_);
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& e) {  // of one handler; the others continue
      service_.log(LogLevel::error, "an exception left a handler",
                   {{"loop", loop_.name()}, {"what", e.what()}});
    }
  }
}

void Worker::start() {
  try {
    std::promise<void> ends;
    ended_ = ends.get_future();
    thread_ = std::thread([this, ends = std::move(ends)]() mutable {
      run();
      ends.set_value();
    });
  } catch (const std::system_error& e) {
    throw std::system_error(e.code(), "no thread for loop \"" + loop_.name() + "\"");
  }
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::stop_and_join() {
  stop();
  join();
}

bool Worker::join_until(leash::TimePoint until) {
  if (thread_.joinable() && ended_.wait_until(until) != std::future_status::ready) return false;
  join();
  return true;
}

void Worker::adopt(UniqueFd client, int family) {
  post([this, client = std::move(client), family, counted = Counted(open)]() mutable {
    const std::uint64_t number = std::exchange(next_connection_, next_connection_ + stride_);
    leash::go(serving_.ctx, serve(serving_.ctx, std::move(client), family, number, std::move(counted)),
              "connection");
  });
}

void Worker::make_room(std::uint64_t clients) {
  if (asked_to_make_room_.load() > 0) return;
  post([this, clients, asked = Counted(asked_to_make_room_)] { end_longest_waiting(clients); });
}

void Worker::end_longest_waiting(std::uint64_t count) {
  std::uint64_t ended = 0;
  for (WaitingList::Place* place = waiting.longest(); place && ended < count; place = place->next()) {
    if (place->connection().end_for_another()) ++ended;
  }
  if (ended == 0) return;
  metrics_.evicted.add(ended);
  service_.log(LogLevel::warn, "idle connections are closed for new ones",
               {{"loop", loop_.name()}, {"closed", ended}});
}

leash::Task<> Worker::serve(leash::Context parent, UniqueFd client, int family, std::uint64_t number,
                            [[maybe_unused]] Counted client_is_open) {
  auto [ctx, cancel] = leash::with_cancel(parent, leash::Label("connection", number));
  Socket socket(io_.get_executor());
  std::error_code error;
  socket.assign(asio::generic::stream_protocol(family, 0), client.get(), error);
  if (error) {
    service_.log(LogLevel::warn, "a connection could not be served", {{"error", error.message()}});
    co_return;
  }
  client.release();
  Connection connection(*this, std::move(socket));
  co_await connection.run(ctx);
}

// The coarse clock is exact to some milliseconds, and reading it takes a fifth of the time.
std::string_view Worker::date() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return dates_.at(std::chrono::system_clock::from_time_t(now.tv_sec));
}

std::uint64_t Worker::next_request_id() noexcept {
  return std::exchange(next_request_, next_request_ + stride_);
}

}  // namespace http::server
