// SPDX-License-Identifier: BSL-1.0
#pragma once
// What is counted and logged of one request.
//
// What it is     filled while the request is served; finish() counts it and logs it, if requests are logged. What
//                goes wrong in a handler is an event of its own, at error level, when it does.
// Guarantees     each event has the request's loop, its number (each server of a process has numbers of its own) and the
//                id of its trace.
// Threads        the worker's loop's.
// Lifetime       views the request, which outlives it.
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
  // The caller's, or a new one.
  const leash::Trace& trace();

  std::size_t route;  // its label
  std::size_t label;  // the program's, the usual one until it is set
  std::string cause;  // why it was answered as it was; for the log

  // The handler did not do its work.
  void failed(std::string_view event, std::string_view what) noexcept;

  void finish(int status) noexcept;

  // Of bytes that were no request.
  static void refused(Worker& worker, int status, std::string_view cause) noexcept;

 private:
  Worker& worker_;
  const Request& request_;
  std::uint64_t id_;
  leash::TimePoint since_;
  std::optional<leash::Trace> trace_;
};

}  // namespace http::server
