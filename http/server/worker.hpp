// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop that serves connections, with what its connections and handlers share.
//
// What it is     io_context, Loop, metrics and the connections of one thread. The admin listener is served by
//                a Worker of its own.
// Threads        adopt, post and the metrics: any. Everything else: the loop's.
// Lifetime       the thread is joined before the Worker is destroyed.
//
//   server::Worker worker(shared, router, "worker 0", 0, 1);
//   worker.start();
//   worker.adopt(server::UniqueFd(accepted));
//   ...
//   worker.stop_and_join();

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "http/message/date.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/snapshot.hpp"
#include "http/server/connection.hpp"
#include "http/server/hangup_watch.hpp"
#include "http/server/http_metrics.hpp"
#include "server/patterns/pattern.hpp"
#include "http/server/router.hpp"
#include "http/server/shared.hpp"
#include "server/patterns/upstream_client.hpp"

namespace server {

// A file descriptor that is closed unless it is given away.
class UniqueFd {
 public:
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&&) = delete;
  ~UniqueFd();
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class Worker {
 public:
  // Requests are numbered index + 1, index + 1 + stride, ..., so that numbers are unique in the process.
  // `request_timeout`: of its requests; as the options say, unless given.
  Worker(Shared& shared, const Router& router, std::string name, unsigned index, unsigned stride,
         std::optional<leash::Duration> request_timeout = {});
  ~Worker();

  void start();          // a thread of its own
  void run();            // or the caller's
  void stop_and_join();  // ends the thread's loop; tasks that live stay as they are until destruction

  // Serves this client; posted to the loop.
  void adopt(UniqueFd client, int family);
  template <class F>
  void post(F f) {
    asio::post(io_, std::move(f));
  }

  leash::Loop& loop() noexcept { return loop_; }
  const leash::Loop& loop() const noexcept { return loop_; }
  // Parent of all connections; done with the loop's drain.
  const leash::Context& serving() const noexcept { return serving_.ctx; }
  Shared& shared() noexcept { return shared_; }
  const Router& router() const noexcept { return router_; }
  HttpMetrics& http_metrics() noexcept { return *http_metrics_; }
  const HttpMetrics& http_metrics() const noexcept { return *http_metrics_; }
  leash::Duration request_timeout() const noexcept { return request_timeout_; }
  Mode mode() const noexcept { return shared_.mode.load(std::memory_order_relaxed); }

  std::string_view date();  // now, as for the Date field
  std::uint64_t next_request_id() noexcept;
  bool too_many_in_flight() const noexcept { return http_metrics_->in_flight.get() >= in_flight_limit_; }
  // The pattern whose turn it is.
  const Pattern& next_pattern() noexcept;
  HangupWatch& hangup_watch() noexcept { return hangup_watch_; }

  std::unordered_set<Connection*> connections;
  std::vector<ParkedCancel> parked;    // of the leaky timer pattern
  std::shared_ptr<Upstream> upstream;  // of the pattern; set before the loop runs
  std::atomic<std::int64_t> open{0};   // clients adopted and not yet gone; any thread

 private:
  // A client counts as open until it has gone, also when there is no memory to serve it.
  class Open {
   public:
    explicit Open(std::atomic<std::int64_t>& count) noexcept : count_(&count) { count_->fetch_add(1); }
    Open(Open&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Open& operator=(Open&&) = delete;
    ~Open() {
      if (count_) count_->fetch_sub(1);
    }

   private:
    std::atomic<std::int64_t>* count_;
  };

  leash::Task<> serve(leash::Context parent, UniqueFd client, int family, std::uint64_t number, Open counted);

  Shared& shared_;
  const Router& router_;
  asio::io_context io_{1};
  HangupWatch hangup_watch_{io_};
  std::unique_ptr<HttpMetrics> http_metrics_;
  leash::Loop loop_;
  leash::Cancelable serving_;
  std::thread thread_;
  http::DateCache dates_;
  std::uint64_t next_request_;
  std::uint64_t next_connection_;
  unsigned stride_;
  std::uint64_t in_flight_limit_;
  leash::Duration request_timeout_;
  std::size_t pattern_turn_ = 0;
};

using Workers = std::vector<std::unique_ptr<Worker>>;

}  // namespace server
