// SPDX-License-Identifier: BSL-1.0
// The requests of a connection: what runs for them, and their responses.
#include <algorithm>
#include <utility>

#include "http/message/problem.hpp"
#include "http/message/request_timeout.hpp"
#include "http/server/connection.hpp"
#include "http/server/handler_run.hpp"
#include "http/server/limits/turn.hpp"
#include "http/server/worker.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/trace.hpp"

namespace http::server {

using leash::Context;
using leash::Result;
using leash::Task;

namespace {

class Counted {
 public:
  explicit Counted(leash::Figure& figure) noexcept : figure_(figure) { figure_.add(); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { figure_.subtract(); }

 private:
  leash::Figure& figure_;
};

}  // namespace

// --- writing ---

Reply Connection::reply_to_current() {
  Reply reply = Reply::to(parser_.request(), worker_.date());
  const bool draining = worker_.service().draining.load(std::memory_order_relaxed);
  if (draining && input_.is_all_consumed())
    closing_ = true;  // otherwise a later response closes the connection
  if (closing_) reply.peer_keep_alive = false;
  return reply;
}

// Drops the unread rest of the request's body. If it has not arrived yet, the response closes the connection.
void Connection::skip_body() {
  if (!body_.discard()) closing_ = true;
}

void Connection::append(Response response, std::optional<BodySource> body) {
  const Reply reply = reply_to_current();
  if (response.close || !reply.peer_keep_alive) closing_ = true;
  if (body && response.status == 200) {
    output_.append(response, *std::move(body), reply);
  } else {
    output_.append(response, reply);
  }
  worker_.spare_bodies.give_back(std::move(response.body));
}

// Answers a malformed request. It has no route, and the connection ends.
void Connection::append_refusal(int status, std::string_view detail) {
  Response response = problem(status, detail);
  response.close = true;
  closing_ = true;
  append_response(output_.buffer(), response, Reply{.date = worker_.date()});
  RequestRecord::refused(worker_, status, detail);
}

Task<Result<>> Connection::begin_stream(Context ctx, Response head, std::optional<std::uint64_t> size) {
  if (ctx.is_done()) co_return std::unexpected(ctx.err());  // the connection may have answered already
  const Reply reply = reply_to_current();
  if (head.close || !reply.peer_keep_alive) closing_ = true;
  output_.begin(head, size, reply);
  if (output_.stream()->framing == BodyFraming::until_close) closing_ = true;
  co_return Result<>();
}

Task<Result<>> Connection::write_stream(Context ctx, std::string_view piece) {
  if (ctx.is_done()) co_return std::unexpected(ctx.err());
  output_.append_piece(piece);
  if (output_.is_held_back()) co_return Result<>();
  co_return co_await output_.flush(ctx);
}

// --- a request ---

void Connection::refuse(RequestRecord& record, Response response, std::string_view cause) {
  const int status = response.status;
  skip_body();
  append(std::move(response));
  record.cause = cause;
  record.finish(status);
}

// Returns the deadline of a request that may run, and answers any other.
std::optional<leash::TimePoint> Connection::admit(RequestRecord& record) {
  const Request& request = parser_.request();
  const auto allowed = request_timeout(request.headers);
  const auto parsed = query_.parse(request.query);
  if (!allowed || !parsed) {
    const std::string_view why = allowed ? parsed.error() : allowed.error();
    refuse(record, problem(400, why), why);
    return std::nullopt;
  }
  // The server's own limit counts from now, the caller's from the arrival of its request.
  leash::TimePoint deadline = leash::later(record.since(), worker_.service().settings.request_timeout);
  if (*allowed) deadline = std::min(deadline, leash::later(input_.arrived_at(), **allowed));
  if (deadline > record.since()) return deadline;
  refuse(record, *response_for(leash::errc::deadline_exceeded), "its deadline had passed");
  return std::nullopt;
}

void Connection::finish(RequestRecord& record, const Exchange& exchange, int status) {
  record.label = exchange.label;
  if (record.cause.empty() && worker_.service().settings.log_requests) {
    const std::error_code cause = exchange.cause();
    record.cause = (cause ? cause : make_error_code(leash::errc::finished)).message();
  }
  record.finish(status);
}

// Answers the request if that needs no waiting. Otherwise returns its route, whose handler is a task.
std::optional<Router::Found> Connection::serve_at_once(const Context& ctx) {
  const Request& request = parser_.request();
  const auto found = worker_.service().router.find(request);
  if (found && std::holds_alternative<AsTask>(found->route->handler)) return *found;
  RequestRecord record(worker_, request);
  if (!found) {
    record.route = found.error().label;
    refuse(record, found.error().response, found.error().cause);
    return std::nullopt;
  }
  record.route = found->label;
  const auto deadline = admit(record);
  if (!deadline) return std::nullopt;
  Exchange exchange(*this, request, query_, record.id(), ctx, *deadline, record.label);
  const Counted in_flight(worker_.metrics().in_flight);
  const int status = run_at_once(std::get<AtOnce>(found->route->handler), exchange, record);
  finish(record, exchange, status);
  return std::nullopt;
}

Task<> Connection::serve_task(Context ctx, Router::Found found) {
  const Request& request = parser_.request();
  RequestRecord record(worker_, request);
  record.route = found.label;
  const auto deadline = admit(record);
  if (!deadline) co_return;
  if (worker_.too_many_in_flight()) {  // handlers that do not wait are not limited
    refuse(record, try_again_later("Too many requests are in flight.", "overload"), "overload");
    co_return;
  }
  if (!worker_.memory().has_room_for(1)) {
    refuse(record, try_again_later("The memory budget of requests is used up.", "memory"), "memory");
    co_return;
  }
  const Context traced = leash::with_value<leash::Trace>(ctx, record.trace());
  Exchange exchange(*this, request, query_, record.id(), traced, *deadline, record.label);
  const Counted in_flight(worker_.metrics().in_flight);  // until its response has been sent
  const int status = co_await run_task(ctx, *found.route, exchange, record);
  finish(record, exchange, status);
  if (status == 499) {
    closing_ = true;
    co_return;
  }
  bool flushed = output_.flush_at_once();
  if (!flushed) flushed = (co_await output_.flush(ctx)).has_value();
  exchange.cancel(leash::errc::finished);
  if (!flushed) closing_ = true;
}

// Sends the large response of a handler that did not wait.
Task<> Connection::send_much(Context ctx) {
  const Counted in_flight(worker_.metrics().in_flight);
  const Result<> flushed = co_await output_.flush(ctx);
  if (!flushed) closing_ = true;
  in_a_row_ = most_in_a_row;  // it may have been much work
}

// Prepares for the next request.
void Connection::end_request() {
  if (!body_.discard()) closing_ = true;
  if (closing_) return;
  answered_bytes_ = input_.consumed();
  parser_.reset();
  query_.clear();
}

int Connection::run_at_once(const AtOnce& handler, Exchange& exchange, RequestRecord& record) {
  Response response;
  try {
    response = handler(exchange);
  } catch (...) {
    response = response_for_exception(std::current_exception(), record);
  }
  const int status = response.status;
  skip_body();
  append(std::move(response));
  return status;
}

// Runs the handler as a task, answers, and joins the task. Returns the status; 499 if the client has disconnected.
Task<int> Connection::run_task(Context ctx, const Route& route, Exchange& exchange, RequestRecord& record) {
  const Context& request_ctx = exchange.ctx();
  output_.forget_stream();
  bool flushed = output_.flush_at_once();  // responses to earlier pipelined requests do not wait for this one
  if (!flushed) flushed = (co_await output_.flush(ctx)).has_value();
  if (!flushed || input_.broken()) {
    exchange.cancel(leash::errc::disconnected);
    co_return 499;
  }

  request_ = &exchange;
  leash::DoneSource returned_source;
  const leash::Done returned = returned_source.done();
  HandlerRun handler(exchange, record, body_);
  leash::Scope s(request_ctx);
  // A request that is already late does not begin.
  if (!request_ctx.is_done()) {
    const std::string_view name = std::string_view(route.path).substr(1);
    s.go(handler.run(std::get<AsTask>(route.handler), std::move(returned_source)), name);
    if (client_is_gone()) {
      // The request arrived completely. So the handler may do what needs no waiting, as in Input::read().
      co_await let_others_go_on(ctx, socket_);
      if (!returned.closed()) exchange.cancel(leash::errc::disconnected);
    }
    input_.notice_resets(true);
    (void)co_await leash::select(returned.wait(), request_ctx.done());
    input_.notice_resets(false);
  }

  int status = 499;
  const bool late = !returned.closed();
  if (late) {
    status = co_await answer_early(ctx, request_ctx.cause());
  }
  (void)co_await s.join();
  request_ = nullptr;
  if (late) {
    handler.log_exception();
    if (output_.stream()) closing_ = true;
    co_return status;
  }
  if (handler.found_client_gone() && (input_.ended() || output_.broken())) {
    exchange.cancel(
        leash::errc::disconnected);  // the handler could not read the rest of a body, or could not write
    if (output_.is_held_back()) output_.give_up_stream();
    co_return 499;
  }
  co_return answer(exchange, handler);
}

// The request's context is done before its handler has returned. The connection answers, under its own context.
Task<int> Connection::answer_early(Context ctx, std::error_code cause) {
  std::optional<Response> response = response_for(cause);
  if (output_.is_held_back()) output_.give_up_stream();
  if (!response || output_.stream()) {  // a response that has begun cannot be replaced: the connection ends
    closing_ = true;
    co_return response ? response->status : 499;
  }
  const int status = response->status;
  if (!parser_.complete()) closing_ = true;  // the handler may still read the body
  append(std::move(*response));
  (void)co_await output_.flush(ctx);  // a client that reads nothing is noticed by the caller's next flush
  co_return status;
}

// Sends the handler's result as the response.
int Connection::answer(Exchange& exchange, HandlerRun& handler) {
  if (output_.is_held_back() && !handler.succeeded())
    output_.give_up_stream();  // the error can still be reported
  if (output_.stream()) {
    handler.log_exception();  // the response has begun
    const bool whole = handler.succeeded() && output_.finish();
    if (!whole) closing_ = true;  // the client sees that the response is cut off
    return output_.stream()->status;
  }
  std::optional<Response> response = handler.response();
  if (!response) return 499;
  const int status = response->status;
  skip_body();
  append(*std::move(response), std::move(exchange.made_body));
  return status;
}

}  // namespace http::server
