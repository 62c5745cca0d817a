// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop that serves connections, with the state that its connections and handlers share.
//
// What it is     io_context, Loop, metrics and connections of one thread, and an object of the program, which its
//                handlers can access.
// Threads        adopt, post and the metrics: any. All others: the loop's.
// Lifetime       the thread is joined before the Worker is destroyed.
//
//   http::server::Worker worker(service, {.name = "worker 0"});
//   worker.keep(std::make_shared<Cache>());  // exchange.worker().kept<Cache>() in a handler
//   worker.start();
//   worker.adopt(http::server::UniqueFd(accepted), AF_INET);
//   ...
//   worker.stop_and_join();

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <string_view>
#include <thread>
#include <typeinfo>
#include <unordered_set>
#include <utility>
#include <vector>

#include "http/message/date.hpp"
#include "http/message/spare_strings.hpp"
#include "http/server/connection.hpp"
#include "http/server/hangup_watch.hpp"
#include "http/server/limits/waiting_list.hpp"
#include "http/server/metrics.hpp"
#include "http/server/service.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/loop.hpp"

namespace http::server {

// A file descriptor that is closed unless it is released.
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
  // Requests are numbered index + 1, index + 1 + workers, ..., so that numbers are unique in the service. The worker sets
  // the loop's on_exception itself.
  Worker(Service& service, leash::LoopOptions loop, unsigned index = 0, unsigned workers = 1);
  ~Worker();

  void start();          // runs the loop on a new thread
  void run();            // runs the loop on the calling thread
  void join();           // for a loop that was stopped otherwise
  void stop_and_join();  // stops the loop; live tasks stay until destruction
  void stop() noexcept { io_.stop(); }
  // After stop(). False if its thread has not ended by then, because a handler does not return.
  bool join_until(leash::TimePoint until);

  // Serves this client; posted to the loop.
  void adopt(UniqueFd client, int family);
  template <class F>
  void post(F f) {
    asio::post(io_, std::move(f));
  }

  leash::Loop& loop() noexcept { return loop_; }
  const leash::Loop& loop() const noexcept { return loop_; }
  // The parent of all connections' contexts; done when the loop drains.
  const leash::Context& serving() const noexcept { return serving_.ctx; }
  const Service& service() const noexcept { return service_; }
  Metrics& metrics() noexcept { return metrics_; }
  const Metrics& metrics() const noexcept { return metrics_; }

  // Stores an object of the program for this worker; called before it runs. Destroyed after the loop.
  template <class T>
  void keep(std::shared_ptr<T> state) noexcept {
    kept_ = std::move(state);
    kept_type_ = &typeid(T);
  }
  template <class T>
  T& kept() const noexcept {
    leash::check(kept_type_ && *kept_type_ == typeid(T),
                 "a handler asked for a type that its worker does not keep");
    return *static_cast<T*>(kept_.get());
  }

  std::string_view date();  // the current time in the format of the Date field
  std::uint64_t next_request_id() noexcept;
  std::size_t usual_label() const noexcept { return service_.label.usual.load(std::memory_order_relaxed); }
  bool too_many_in_flight() const noexcept { return metrics_.in_flight.get() >= in_flight_limit_; }
  HangupWatch& hangup_watch() noexcept { return hangup_watch_; }
  MemoryBudget& memory() const noexcept { return service_.memory; }

  // Ends this many connections that have waited longest for their clients, to make room. It happens soon; until then,
  // further calls have no effect. Any thread.
  void make_room(std::uint64_t clients);

  std::unordered_set<Connection*> connections;
  WaitingList waiting;
  SpareStrings spare_bodies{8, 4 * 1024};  // of responses
  std::atomic<std::int64_t> open{0};       // clients adopted and not yet gone; any thread
  std::atomic<std::int64_t> leaving{0};    // of these, told to leave to make room; any thread

 private:
  // Counts a client while it exists, even if there is no memory to serve it.
  class Counted {
   public:
    explicit Counted(std::atomic<std::int64_t>& count) noexcept : count_(&count) { count_->fetch_add(1); }
    Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
      if (count_) count_->fetch_sub(1);
    }

   private:
    std::atomic<std::int64_t>* count_;
  };

  leash::Task<> serve(leash::Context parent, UniqueFd client, int family, std::uint64_t number,
                      Counted client_is_open);
  void end_longest_waiting(std::uint64_t count);

  Service& service_;
  std::shared_ptr<void> kept_;
  const std::type_info* kept_type_ = nullptr;
  std::atomic<std::int64_t> asked_to_make_room_{0};  // outlives what waits in io_
  asio::io_context io_{1};
  HangupWatch hangup_watch_{io_};
  Metrics metrics_;
  leash::Loop loop_;
  leash::Cancelable serving_;
  std::thread thread_;
  std::future<void> ended_;  // of the thread
  DateCache dates_;
  std::uint64_t next_request_;
  std::uint64_t next_connection_;
  unsigned stride_;
  std::uint64_t in_flight_limit_;
};

using Workers = std::vector<std::unique_ptr<Worker>>;

}  // namespace http::server
