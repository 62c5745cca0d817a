// SPDX-License-Identifier: BSL-1.0
#pragma once
// The metrics and the log entry of one request.
//
// What it is     filled in while the request is served; finish() counts it, and logs it if requests are logged. A
//                failure of a handler is a separate event, at level error, logged when it happens.
// Guarantees     each event names the request's loop, its number (numbers are per server of a process) and the ID
//                of its trace.
// Threads        the worker's loop's.
// Lifetime       views the request, which must outlive it.
//
//   http::server::RequestRecord record(worker, request);
//   record.route = found->label;
//   record.finish(200);

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message/message.hpp"
#include "leash/clock.hpp"
#include "leash/trace.hpp"

namespace http::server {

class Worker;

class RequestRecord {
 public:
  RequestRecord(Worker& worker, const Request& request);

  std::uint64_t id() const noexcept { return id_; }
  leash::TimePoint since() const noexcept { return since_; }  // its head is complete
  // The caller's trace, or a new one.
  const leash::Trace& trace();

  std::size_t route;  // its label
  std::size_t label;  // the program's label; the default until it is set
  std::string cause;  // the cause of an error response; for the log

  // Records that the handler failed.
  void failed(std::string_view event, std::string_view what) noexcept;

  void finish(int status) noexcept;

  // Records bytes that were no request.
  static void refused(Worker& worker, int status, std::string_view cause) noexcept;

 private:
  Worker& worker_;
  const Request& request_;
  std::uint64_t id_;
  leash::TimePoint since_;
  std::optional<leash::Trace> trace_;
};

}  // namespace http::server
