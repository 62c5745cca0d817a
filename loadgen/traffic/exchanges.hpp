// SPDX-License-Identifier: BSL-1.0
#pragma once
// The requests of a load with their responses, and what is measured of them.
//
// What it is     run() sends the next request of the plan over a connection and receives its response. It connects first
//                if the connection is not open.
// Guarantees     a latency ends when the kernel has received the last byte of the response, however late it is read.
//                (Over TLS, over Unix sockets and at the end of a connection the kernel does not say when, and it ends
//                when the response was read.) A request whose connection is reset before any byte of its response is
//                sent once more, on a new connection; bytes that arrived before a request was sent are not its
//                response. Requests that fail for lack of local descriptors or ports are no errors. In the steady state
//                a request allocates from pools only.
// Threads        the loop's.
// Lifetime       outlives its links, and they outlive their runs.
//
//   loadgen::Exchanges exchanges(loop, plan);
//   loadgen::Exchanges::Link link(exchanges);
//   auto done = co_await exchanges.run(ctx, link, due);

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "client/connection.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"
#include "loadgen/histogram.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/report/report.hpp"

namespace loadgen {

// Whether it is a limit of this process or machine, not of the server.
bool is_own_limit(const std::error_code& error) noexcept;

class Exchanges {
 public:
  // A connection, counted while it is open.
  class Link {
   public:
    explicit Link(Exchanges& exchanges);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() { count(false); }
    bool is_open() const noexcept { return connection_.is_open(); }

   private:
    friend class Exchanges;
    void count(bool open) noexcept {
      all_ += (open ? 1 : 0) - (counted_ ? 1 : 0);
      counted_ = open;
    }

    client::Connection connection_;
    std::int64_t& all_;
    bool counted_ = false;
  };

  struct Due {
    leash::TimePoint at;
    leash::TimePoint started;  // when its connection was free
    bool measured;             // not during the warm-up
    std::optional<leash::TimePoint> sent_at = {};
  };

  Exchanges(leash::Loop& loop, const Plan& plan);
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  // An error means that no connection could be made.
  leash::Task<leash::Result<>> run(leash::Context ctx, Link& link, Due due);

  // Counts a request that was not sent, because no connection was free until the end.
  void note_unsent(leash::TimePoint due, leash::TimePoint ended);

  // Whether a response may be read late without a consequence for what is measured: the kernel says when it arrived, no
  // connection is being made, and neither side waits for the other in the middle of a message.
  bool may_read_late() const noexcept {
    return connecting_ == 0 && stamped_ && !in_pieces_ && sent_at_once_ && plan_.abort_share == 0;
  }

  // What was measured so far, without the warm-up, and the total sent.
  void write_to(RunResult& result) const;
  RequestCounts counts() const;
  std::int64_t sent() const noexcept { return counts_.sent; }
  std::int64_t unsent() const noexcept { return unsent_; }
  const Histogram& latency() const noexcept { return latency_; }
  // Why requests had no response, with counts.
  const std::map<std::error_code, std::int64_t>& errors() const noexcept { return errors_; }

  // Requests that could not be sent for lack of them.
  std::int64_t no_descriptors() const noexcept { return no_descriptors_; }
  std::int64_t no_ports() const noexcept { return no_ports_; }

  // Including the warm-up, and second attempts.
  std::int64_t sent_in_all() const noexcept { return sent_in_all_; }
  std::int64_t responses_in_all() const noexcept { return responses_in_all_; }
  std::int64_t in_flight() const noexcept { return in_flight_; }
  std::int64_t connected() const noexcept { return connected_; }

  Interval& interval() noexcept { return interval_; }  // the reader resets it

 private:
  struct Outgoing {
    std::string bytes;
    http::RequestKind kind;
  };

  leash::Task<leash::Result<>> connect(leash::Context ctx, Link& link);
  leash::Task<leash::Result<>> receive_or_leave(leash::Context ctx, client::Connection& connection,
                                                http::RequestKind kind, bool& left);
  leash::Duration moment_to_leave();
  void note(const leash::Result<>& outcome, const Link& link, bool left, const Due& due);
  void note_own_limit(const std::error_code& error, const Due& due);

  leash::Loop& loop_;
  const Plan& plan_;
  const client::Origin origin_;
  std::vector<Outgoing> outgoing_;  // sent in rotation
  std::size_t next_outgoing_ = 0;
  std::vector<client::Endpoint> endpoints_;  // of the origin; empty: not resolved yet
  std::int64_t connected_ = 0;
  std::int64_t connecting_ = 0;
  bool sent_at_once_ = true;  // all requests fit into the buffer of a socket
  bool stamped_ = false;      // the last response
  bool in_pieces_ = false;    // a response

  RequestCounts counts_;
  std::array<std::int64_t, 1000> by_status_{};
  std::map<std::error_code, std::int64_t> errors_;
  Histogram latency_;
  Histogram ok_latency_;
  Histogram in_line_;
  Histogram service_;
  Interval interval_;
  std::int64_t no_descriptors_ = 0;
  std::int64_t no_ports_ = 0;
  std::int64_t unsent_ = 0;
  std::int64_t sent_in_all_ = 0;
  std::int64_t responses_in_all_ = 0;
  std::int64_t in_flight_ = 0;

  std::minstd_rand random_{std::random_device{}()};
  Histogram answered_;  // response times since sending, to choose when to abort
  std::uint64_t median_of_ = 0;
  leash::Duration median_ = std::chrono::milliseconds(5);
};

}  // namespace loadgen
