// SPDX-License-Identifier: BSL-1.0
#include "http/server/request_record.hpp"

#include <chrono>

#include "http/message/trace_context.hpp"
#include "http/server/worker.hpp"

namespace http::server {

RequestRecord::RequestRecord(Worker& worker, const Request& request)
    : route(worker.service().router.other()),
      label(worker.usual_label()),
      worker_(worker),
      request_(request),
      id_(worker.next_request_id()),
      since_(worker.loop().now()) {}

const leash::Trace& RequestRecord::trace() {
  if (!trace_) trace_ = trace_of(request_.headers);
  return *trace_;
}

void RequestRecord::failed(std::string_view event, std::string_view what) noexcept {
  try {
    cause = what;
    const Service& service = worker_.service();
    service.log(LogLevel::error, event,
                {{"loop", worker_.loop().name()},
                 {"request", id_},
                 {"trace", trace().id()},
                 {"route", service.router.labels()[route]},
                 {"what", what}});
  } catch (...) {  // no memory for the log entry: the response still reports the failure
  }
}

void RequestRecord::finish(int status) noexcept {
  const leash::Duration elapsed = worker_.loop().now() - since_;
  worker_.metrics().finished({.route = route, .method = request_.method, .status = status, .label = label},
                             elapsed);
  const Service& service = worker_.service();
  if (!service.settings.log_requests) return;
  try {
    const std::string_view own = service.label.name.empty() ? "label" : service.label.name;
    service.log(LogLevel::debug, "request",
                {{"loop", worker_.loop().name()},
                 {"request", id_},
                 {"trace", trace().id()},
                 {"method", request_.method_name},
                 {"target", request_.target},
                 {"route", service.router.labels()[route]},
                 {"status", status},
                 {own, service.label.values[label]},
                 {"duration_ms", std::chrono::duration<double, std::milli>(elapsed).count()},
                 {"cause", cause}});
  } catch (...) {  // no memory for the log entry: the request was counted
  }
}

void RequestRecord::refused(Worker& worker, int status, std::string_view cause) noexcept {
  const Service& service = worker.service();
  const std::size_t other = service.router.other();
  worker.metrics().finished({.route = other, .method = {}, .status = status, .label = worker.usual_label()},
                            leash::Duration{});
  if (!service.settings.log_requests) return;
  service.log(LogLevel::debug, "request",
              {{"loop", worker.loop().name()},
               {"request", worker.next_request_id()},
               {"route", service.router.labels()[other]},
               {"status", status},
               {"cause", cause}});
}

}  // namespace http::server
