// SPDX-License-Identifier: BSL-1.0
#pragma once
// The service that the demonstration calls: another instance, or one that never answers.
//
// What it is     a client for one URL, and how a call travels: with the time that is left.
// Requires       held by shared_ptr: a call keeps it alive, since a leaked one may outlive everything else.
// Guarantees     the upstream is told how long its caller waits (X-Request-Timeout-Ms), less a margin in which
//                its answer travels, and which trace the call is part of (traceparent); a call without time left
//                is not made. A connection lives as long as its call: what is open is what waits.
// Errors         the client's and the context's; deadline_exceeded also when the upstream says so
//                (X-Deadline-Expired); bad_message for a status that is no success.
// Threads        its loop's.
//
//   auto upstream = std::make_shared<server::Upstream>(loop, url, 1s, 1000);
//   auto answered = co_await server::Upstream::ask(upstream, ctx, 5ms);

#include <cstdint>
#include <memory>
#include <optional>

#include "client/client.hpp"
#include "http/message/target.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace server {

class Upstream {
 public:
  // A URL without a path means /backend there. Without a timeout, a caller waits no longer than the upstream
  // is asked to take: for one of which it is known that it does not answer.
  Upstream(leash::Loop& loop, http::Url url, std::optional<leash::Duration> timeout, std::size_t most_calls);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // How long a caller waits that asks for an answer within `latency`.
  leash::Duration patience(leash::Duration latency) const noexcept { return timeout_.value_or(latency); }

  // Asks for an answer that takes the upstream `latency`.
  static leash::Task<leash::Result<>> ask(std::shared_ptr<Upstream> self, leash::Context ctx,
                                          leash::Duration latency);

  std::size_t calls() const noexcept { return client_.calls(); }  // in flight
  // More would take the descriptors that the server needs for its clients.
  bool is_full() const noexcept { return calls() >= most_calls_; }

 private:
  client::Client client_;
  const http::Url url_;
  const std::optional<leash::Duration> timeout_;
  const std::size_t most_calls_;
};

}  // namespace server
