// SPDX-License-Identifier: BSL-1.0
#include "http/server/connection.hpp"

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <utility>

#include "http/message/problem.hpp"
#include "http/message/request_timeout.hpp"
#include "http/server/handler_run.hpp"
#include "http/server/worker.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/trace.hpp"
#include "leash/via.hpp"

namespace http::server {

using namespace std::chrono_literals;
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

// --- what a handler uses ---

Worker& Exchange::worker() const noexcept { return connection_.worker_; }
Task<Result<std::string_view>> Exchange::read_body() { return connection_.body_.next(ctx_); }
Task<Result<std::string>> Exchange::read_whole_body() {
  std::string whole;
  for (;;) {
    const Result<std::string_view> piece = co_await read_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return whole;
    whole += *piece;
  }
}
Task<Result<>> Exchange::begin(Response head, std::optional<std::uint64_t> size) {
  return connection_.begin_stream(ctx_, std::move(head), size);
}
Task<Result<>> Exchange::write(std::string_view piece) { return connection_.write_stream(ctx_, piece); }

// --- life ---

Connection::Connection(Worker& worker, Socket socket)
    : worker_(worker),
      socket_(std::move(socket)),
      parser_(worker.service().settings.limits),
      input_(socket_, worker.loop(), worker.hangup_watch(),
             [this] {
               if (client_is_gone()) cancel_request(leash::errc::disconnected);
               return !client_is_gone();
             }),
      output_(socket_, worker.service().settings.write_timeout),
      body_(parser_, input_, output_, worker.service().settings.body_timeout) {
  worker_.connections.insert(this);
  worker_.metrics().connections.add();
  worker_.metrics().connections_total.add();
  std::error_code ignored;  // a socket that is gone already says so at its first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() {
  worker_.connections.erase(this);
  worker_.metrics().connections.subtract();
}

Task<> Connection::run(Context ctx) {
  leash::Scope s(ctx);
  s.go(input_.read(s.ctx()), "reader");
  while (!closing_) {
    const bool complete = co_await read_head(s.ctx());
    if (!complete) break;
    const Next next = co_await serve_request(s.ctx());
    if (next == Next::close) closing_ = true;
  }
  const Result<> flushed = co_await output_.flush(s.ctx());
  if (flushed && !input_.broken() && !output_.broken()) co_await linger(s.ctx());
  s.cancel(leash::errc::finished);
  (void)co_await s.join();  // the reader was told to stop; nothing else can have failed
}

void Connection::end_if_idle(bool all) noexcept {
  if (!idle_ || !input_.is_all_consumed()) return;
  const leash::TimePoint now = worker_.loop().now();
  if (std::exchange(seen_idle_, idle_times_) != idle_times_) seen_at_ = now;
  const leash::Duration spared = served_ ? 100ms : 1s;
  if (!all && now - seen_at_ < spared) return;
  closing_ = true;
  (*idle_)(leash::errc::shutdown);
}

void Connection::shut_down() noexcept {
  closing_ = true;
  cancel_request(leash::errc::shutdown);
}

void Connection::cancel_request(std::error_code cause) noexcept {
  if (request_) (*request_)(cause);
}

bool Connection::client_is_gone() const noexcept {
  return input_.broken() || (input_.closed() && worker_.service().settings.half_close_cancels);
}

// --- reading ---

// False when there is no further request: the connection ended, idled for too long, or sent what is no
// request.
Task<bool> Connection::read_head(Context ctx) {
  std::optional<leash::Cancelable> time;
  bool time_is_of_idleness = false;  // empty lines before a request do not begin it
  for (;;) {
    const std::span<const char> bytes = input_.unread();
    if (!bytes.empty()) {
      const ParseStep step = parser_.feed(bytes);
      input_.consume(step.consumed);
      if (step.event == ParseEvent::head) co_return true;
      if (step.event == ParseEvent::error) {
        append_refusal(parser_.error().status, parser_.error().detail);
        co_return false;
      }
      continue;
    }
    const Result<> flushed = co_await output_.flush(ctx);
    if (!flushed) co_return false;
    if (!input_.unread().empty()) continue;
    const bool idle = parser_.idle();
    if (idle && closing_) co_return false;
    if (!time || idle != time_is_of_idleness) {
      const Settings& settings = worker_.service().settings;
      time.emplace(leash::with_timeout(ctx, idle ? settings.idle_timeout : settings.header_timeout));
      time_is_of_idleness = idle;
      if (idle) ++idle_times_;
    }
    if (idle) idle_ = &time->cancel;
    const Result<> more = co_await input_.wait(time->ctx);
    idle_ = nullptr;
    if (!more) {
      if (idle && !input_.unread().empty()) {  // it came at the last moment
        time.reset();
        continue;
      }
      if (!idle && more.error() == leash::errc::deadline_exceeded) {
        append_refusal(408, "The request's head was not complete in time.");
      }
      co_return false;
    }
  }
}

// --- writing ---

// A response is lost when the socket is closed while input waits unread: so say that no more comes, and read
// what the client still sends, for a second at most (RFC 9112 section 9.6).
Task<> Connection::linger(Context ctx) {
  input_.discard();
  std::error_code ignored;  // the client may be gone already
  socket_.shutdown(Socket::shutdown_send, ignored);
  auto [time, cancel] = leash::with_timeout(ctx, 1s);
  while (!input_.ended()) {
    const Result<> more = co_await input_.wait(time);
    if (!more) break;
  }
}

Reply Connection::reply_to_current() {
  Reply reply = Reply::to(parser_.request(), worker_.date());
  const bool draining = worker_.service().draining.load(std::memory_order_relaxed);
  if (draining && input_.is_all_consumed()) closing_ = true;  // else the response to what has arrived says so
  if (closing_) reply.peer_keep_alive = false;
  return reply;
}

// What nobody read of the request's body; if some of it is still to come, the response says that the connection
// ends with it.
void Connection::skip_body() {
  if (!body_.discard()) closing_ = true;
}

void Connection::append(Response response) {
  const Reply reply = reply_to_current();
  if (response.close || !reply.peer_keep_alive) closing_ = true;
  append_response(output_.buffer(), response, reply);
}

// For what is no request: there is no route, and no further request.
void Connection::append_refusal(int status, std::string_view detail) {
  Response response = problem(status, detail);
  response.close = true;
  closing_ = true;
  append_response(output_.buffer(), response, Reply{.date = worker_.date()});
  RequestRecord::refused(worker_, status, detail);
}

Task<Result<>> Connection::begin_stream(Context ctx, Response head, std::optional<std::uint64_t> size) {
  if (ctx.is_done()) co_return std::unexpected(ctx.err());  // it has been answered for, perhaps
  const Reply reply = reply_to_current();
  if (head.close || !reply.peer_keep_alive) closing_ = true;
  output_.begin(head, size, reply);
  if (output_.stream()->framing == BodyFraming::until_close) closing_ = true;
  co_return co_await output_.flush(ctx);
}

Task<Result<>> Connection::write_stream(Context ctx, std::string_view piece) {
  if (ctx.is_done()) co_return std::unexpected(ctx.err());
  output_.append_piece(piece);
  co_return co_await output_.flush(ctx);
}

// --- a request ---

Task<Connection::Next> Connection::serve_request(Context ctx) {
  const Request& request = parser_.request();
  served_ = true;
  body_.start();
  RequestRecord record(worker_, request);
  const auto refuse = [&](Response response, std::string_view cause) {
    const int status = response.status;
    skip_body();
    append(std::move(response));
    record.cause = cause;
    record.finish(status);
  };

  const Service& service = worker_.service();
  const auto found = service.router.find(request);
  record.route = found ? found->label : found.error().label;
  const auto allowed = request_timeout(request.headers);
  auto query = parse_query(request.query);
  // The server's own limit counts from now; the caller's from when its request came.
  leash::TimePoint deadline = leash::later(record.since(), service.settings.request_timeout);
  if (allowed && *allowed) deadline = std::min(deadline, leash::later(input_.arrived_at(), **allowed));
  const AsTask* const as_task = found ? std::get_if<AsTask>(&found->route->handler) : nullptr;
  bool run = false;
  if (!found) {
    refuse(found.error().response, found.error().cause);
  } else if (!allowed) {
    refuse(problem(400, allowed.error()), allowed.error());
  } else if (!query) {
    refuse(problem(400, query.error()), query.error());
  } else if (deadline <= record.since()) {
    refuse(*response_for(leash::errc::deadline_exceeded), "its deadline had passed");
  } else if (as_task && worker_.too_many_in_flight()) {  // what does not wait adds nothing
    refuse(try_again_later("Too many requests are in flight.", "overload"), "overload");
  } else {
    run = true;
  }

  if (run) {
    const Context traced = as_task ? leash::with_value<leash::Trace>(ctx, record.trace()) : ctx;
    auto [request_ctx, cancel] = leash::with_deadline(
        traced, deadline, {}, leash::Label("request", record.id(), leash::Role::request));
    Exchange exchange(*this, request, std::move(*query), record.id(), request_ctx, record.label);
    int status = 0;
    {
      const Counted in_flight(worker_.metrics().in_flight);
      if (as_task) {
        status = co_await run_task(ctx, *found->route, exchange, cancel, record);
      } else {
        status = run_at_once(std::get<AtOnce>(found->route->handler), exchange, record);
      }
    }
    record.label = exchange.label;
    if (record.cause.empty() && service.settings.log_requests) {
      record.cause = (request_ctx.is_done() ? request_ctx.cause() : leash::errc::finished).message();
    }
    record.finish(status);
    if (status == 499) co_return Next::close;
    const Result<> flushed =
        output_.buffer().size() < Input::capacity && !as_task ? Result<>() : co_await output_.flush(ctx);
    cancel(leash::errc::finished);
    if (!flushed) co_return Next::close;
  }

  if (!body_.discard() || closing_) {
    closing_ = true;
    co_return Next::close;
  }
  parser_.reset();
  co_return Next::go_on;
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

// Runs the handler as a task, answers, and joins it. The status answered; 499 when the client has gone.
Task<int> Connection::run_task(Context ctx, const Route& route, Exchange& exchange, leash::Cancel& cancel,
                               RequestRecord& record) {
  const Context& request_ctx = exchange.ctx();
  output_.forget_stream();
  const Result<> flushed =
      co_await output_.flush(ctx);  // responses to earlier pipelined requests do not wait for this one
  if (!flushed || input_.broken()) {
    cancel(leash::errc::disconnected);
    co_return 499;
  }

  request_ = &cancel;
  leash::DoneSource returned_source;
  const leash::Done returned = returned_source.done();
  HandlerRun handler(exchange, record, body_);
  leash::Scope s(request_ctx);
  // What is late already does not begin.
  if (!request_ctx.is_done()) {
    const std::string_view name = std::string_view(route.path).substr(1);
    s.go(handler.run(std::get<AsTask>(route.handler), std::move(returned_source)), name);
    if (client_is_gone()) {
      // It came in time; what its handler can do without waiting is done first, as in Input::read().
      co_await input_.let_others_go_on(ctx);
      if (!returned.closed()) cancel(leash::errc::disconnected);
    }
    (void)co_await leash::select(returned.wait(), request_ctx.done());
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
    cancel(leash::errc::disconnected);  // it could not have the rest of a body, or could not write
    co_return 499;
  }
  co_return answer(handler);
}

// The request's context is done and its handler is not: it is told by the connection, under the connection's
// context.
Task<int> Connection::answer_early(Context ctx, std::error_code cause) {
  std::optional<Response> response = response_for(cause);
  if (!response || output_.stream()) {  // half a response cannot be taken back: the connection ends with it
    closing_ = true;
    co_return response ? response->status : 499;
  }
  const int status = response->status;
  if (!parser_.complete()) closing_ = true;  // its handler may still be reading
  append(std::move(*response));
  (void)co_await output_.flush(ctx);  // a client that takes nothing is noticed by the caller's next flush
  co_return status;
}

// What the handler returned becomes the response.
int Connection::answer(HandlerRun& handler) {
  if (output_.stream()) {
    handler.log_exception();  // the answer is on its way
    const bool whole = handler.succeeded() && output_.finish();
    if (!whole) closing_ = true;  // the client sees that it is cut off
    return output_.stream()->status;
  }
  std::optional<Response> response = handler.response();
  if (!response) return 499;
  const int status = response->status;
  skip_body();
  append(*std::move(response));
  return status;
}

}  // namespace http::server
