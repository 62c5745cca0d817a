// SPDX-License-Identifier: BSL-1.0
#pragma once
// Open connections that are currently unused, by origin.
//
// Guarantees     keeps a limited number per host; a new one replaces the oldest. A connection that has been idle for
//                too long is closed, whether or not take() is called. take() returns the one used last that the
//                server has not closed.
// Threads        the loop's.
// Lifetime       destroyed before the loop. While connections are idle, a timer is armed, so loop.run() does not
//                return.
//
//   auto connection = pool.take(origin);
//   if (!connection) connection = std::make_unique<client::Connection>(loop.io());
//   ...
//   pool.put(origin, std::move(connection));

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client/connection.hpp"
#include "leash/after_func.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"

namespace client {

struct PoolLimits {
  std::size_t idle_per_host = 8;
  leash::Duration idle_for = std::chrono::seconds(30);  // shorter than the limit of most servers
};

class ConnectionPool {
 public:
  ConnectionPool(leash::Loop& loop, const PoolLimits& limits) : loop_(loop), limits_(limits) {}

  // Null if there is no usable connection.
  std::unique_ptr<Connection> take(const Origin& origin);

  // A closed connection is dropped.
  void put(const Origin& origin, std::unique_ptr<Connection> connection);

  void clear() noexcept;

  std::size_t size() const noexcept;

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    leash::TimePoint since;
  };
  struct Expiry {  // the next check for connections that have been idle for too long
    leash::Cancelable at;
    leash::StopHandle look;
  };
  void close_expired();
  void expect_expiry();

  leash::Loop& loop_;
  PoolLimits limits_;
  std::map<Origin, std::deque<Idle>> idle_;  // the oldest first; no queue is empty
  std::optional<Expiry> expiry_;
};

}  // namespace client
