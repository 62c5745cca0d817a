// SPDX-License-Identifier: BSL-1.0
#pragma once
// The service that the demonstration calls: another instance, or an upstream that never answers.
//
// What it is     a client for one URL; each call carries the time that remains.
// Requires       held by shared_ptr: a call keeps it alive, because a leaked call may outlive everything else.
// Guarantees     X-Request-Timeout-Ms tells the upstream how long its caller waits, minus a margin for the way of the
//                answer; traceparent names the trace. A call without remaining time is not made. A connection lives
//                as long as its call, so each open connection is a waiting call.
// Errors         those of the client and the context; deadline_exceeded also when the upstream reports it
//                (X-Deadline-Expired); bad_message for any status other than 2xx.
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
  // A URL without a path means /backend. Without a timeout, a caller waits as long as it asks the upstream to take; this
  // is for an upstream that is known not to answer.
  Upstream(leash::Loop& loop, http::Url url, std::optional<leash::Duration> timeout, std::size_t most_calls);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // How long a caller waits for an answer that takes the upstream `latency`.
  leash::Duration patience(leash::Duration latency) const noexcept { return timeout_.value_or(latency); }

  // Requests an answer that takes the upstream `latency`.
  static leash::Task<leash::Result<>> ask(std::shared_ptr<Upstream> self, leash::Context ctx,
                                          leash::Duration latency);

  std::size_t calls() const noexcept { return client_.calls(); }  // in flight now
  // True if further calls would take descriptors that the server needs for its clients.
  bool is_full() const noexcept { return calls() >= most_calls_; }

 private:
  client::Client client_;
  const http::Url url_;
  const std::optional<leash::Duration> timeout_;
  const std::size_t most_calls_;
};

}  // namespace server
