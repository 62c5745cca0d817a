// SPDX-License-Identifier: BSL-1.0
#include "http/server/request_record.hpp"

#include <chrono>

#include "http/message/trace_context.hpp"
#include "server/log.hpp"
#include "http/server/worker.hpp"

namespace server {
namespace {

MethodLabel method_label(http::Method method) noexcept {
  switch (method) {
    case http::Method::get:
      return MethodLabel::get;
    case http::Method::head:
      return MethodLabel::head;
    case http::Method::post:
      return MethodLabel::post;
    case http::Method::put:
      return MethodLabel::put;
    default:
      return MethodLabel::other;
  }
}

std::string_view name_of(RouteLabel route) noexcept { return route_labels[static_cast<std::size_t>(route)]; }

}  // namespace

RequestRecord::RequestRecord(Worker& worker, const http::Request& request)
    : mode(worker.mode()),
      worker_(worker),
      request_(request),
      id_(worker.next_request_id()),
      since_(worker.loop().now()) {}

const leash::Trace& RequestRecord::trace() {
  if (!trace_) trace_ = http::trace_of(request_.headers);
  return *trace_;
}

void RequestRecord::failed(std::string_view event, std::string_view what) noexcept {
  try {
    cause = what;
    log_event(LogLevel::error, event,
              {{"loop", worker_.loop().name()},
               {"request", id_},
               {"trace", trace().id()},
               {"route", name_of(route)},
               {"what", what}});
  } catch (...) {  // no memory for the line: the answer says that something went wrong
  }
}

void RequestRecord::finish(int status) noexcept {
  HttpMetrics& metrics = worker_.http_metrics();
  const leash::Duration elapsed = worker_.loop().now() - since_;
  metrics.finished(route, method_label(request_.method), status, mode, elapsed);
  if (status == 504) metrics.deadline_exceeded[static_cast<std::size_t>(route)].add();
  if (!is_logged(LogLevel::debug)) return;
  try {
    log_event(LogLevel::debug, "request",
              {{"loop", worker_.loop().name()},
               {"request", id_},
               {"trace", trace().id()},
               {"method", request_.method_name},
               {"target", request_.target},
               {"route", name_of(route)},
               {"status", status},
               {"mode", to_string(mode)},
               {"duration_ms", std::chrono::duration<double, std::milli>(elapsed).count()},
               {"cause", cause}});
  } catch (...) {  // no memory for the line: it has been counted
  }
}

void RequestRecord::refused(Worker& worker, int status, std::string_view cause) noexcept {
  worker.http_metrics().finished(RouteLabel::other, MethodLabel::other, status, worker.mode(),
                                 leash::Duration{});
  log_event(LogLevel::debug, "request",
            {{"loop", worker.loop().name()},
             {"request", worker.next_request_id()},
             {"route", name_of(RouteLabel::other)},
             {"status", status},
             {"cause", cause}});
}

}  // namespace server
