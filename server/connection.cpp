#include "server/connection.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/write.hpp>
#include <utility>

#include "http/problem.hpp"
#include "http/request_timeout.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"
#include "server/worker.hpp"

namespace server {

using namespace std::chrono_literals;
using leash::Context;
using leash::Result;
using leash::Task;

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

}  // namespace

// --- what a handler uses ---

Worker& Exchange::worker() const noexcept { return connection_.worker_; }
Task<Result<std::string_view>> Exchange::read_body() { return connection_.next_body_piece(ctx_); }
Task<Result<>> Exchange::begin(http::Response head, std::optional<std::uint64_t> size) {
  return connection_.begin_stream(ctx_, std::move(head), size);
}
Task<Result<>> Exchange::write(std::string_view piece) { return connection_.write_stream(ctx_, piece); }

// --- life ---

Connection::Connection(Worker& worker, Socket socket)
    : worker_(worker), socket_(std::move(socket)), parser_(worker.shared().options.limits) {
  worker_.connections.insert(this);
  worker_.http_figures().connections.add();
  worker_.http_figures().connections_total.add();
  std::error_code ignored;  // a socket that is gone already says so at its first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() {
  worker_.connections.erase(this);
  worker_.http_figures().connections.subtract();
}

Task<> Connection::run(Context ctx) {
  leash::Scope s(ctx);
  s.go(read_loop(s.ctx()), "reader");
  while (!closing_) {
    const bool complete = co_await read_head(s.ctx());
    if (!complete) break;
    const Next next = co_await serve_request(s.ctx());
    if (next == Next::close) closing_ = true;
  }
  const Result<> flushed = co_await flush(s.ctx());
  if (flushed && !broken_) co_await linger(s.ctx());
  s.cancel(leash::errc::finished);
  (void)co_await s.join();  // the reader was told to stop; nothing else can have failed
}

void Connection::close_when_idle(bool also_new) noexcept {
  if (!served_ && !also_new) return;
  closing_ = true;
  if (waiting_ && parser_.idle() && unread().empty()) (*waiting_)(leash::errc::shutdown);
}

void Connection::cancel_request(std::error_code cause) noexcept {
  if (request_) (*request_)(cause);
}

// --- reading ---

Task<> Connection::read_loop(Context ctx) {
  std::string chunk(read_bytes, '\0');
  while (!ctx.is_done()) {
    if (incoming_.size() + current_.size() - parsed_ >= pipelining_bytes) {
      // No room to read: the end of the client is seen in the socket's state instead.
      (void)co_await leash::select(room_.receive(), leash::sleep(50ms), ctx.done());
      if (!peer_has_closed()) continue;
      ended_ = true;
    } else {
      const Result<std::size_t> n = co_await socket_.async_read_some(asio::buffer(chunk), leash::via(ctx));
      if (!n && n.error() != asio::error::eof) broken_ = true;
      if (!n || *n == 0) ended_ = true;
      if (n && !discarding_) incoming_.append(chunk, 0, *n);
    }
    if (ended_ && (broken_ || worker_.shared().options.half_close_cancels)) {
      cancel_request(leash::errc::disconnected);
    }
    (void)arrived_.try_send({});
    if (ended_) co_return;
  }
}

bool Connection::peer_has_closed() noexcept {
  pollfd state{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

std::span<const char> Connection::unread() noexcept {
  if (parsed_ == current_.size()) {
    current_.clear();
    parsed_ = 0;
    std::swap(current_, incoming_);
    if (!current_.empty()) (void)room_.try_send({});
  }
  return std::span<const char>(current_).subspan(parsed_);
}

Task<Result<>> Connection::wait_for_bytes(Context ctx) {
  if (ended_) co_return std::unexpected(make_error_code(leash::errc::disconnected));
  const auto woken = co_await arrived_.receive(ctx);
  if (!woken) co_return std::unexpected(woken.error());
  co_return Result<>();
}

// False when there is no further request: the connection ended, idled for too long, or sent what is no
// request.
Task<bool> Connection::read_head(Context ctx) {
  std::optional<leash::Cancelable> head_time;
  for (;;) {
    const std::span<const char> bytes = unread();
    if (!bytes.empty()) {
      const http::ParseStep step = parser_.feed(bytes);
      parsed_ += step.consumed;
      if (step.event == http::ParseEvent::head) co_return true;
      if (step.event == http::ParseEvent::error) {
        append_refusal(parser_.error().status, parser_.error().detail);
        co_return false;
      }
      continue;
    }
    const Result<> flushed = co_await flush(ctx);
    if (!flushed) co_return false;
    if (!unread().empty()) continue;
    const bool idle = parser_.idle();
    if (idle && closing_) co_return false;
    const Options& options = worker_.shared().options;
    if (!head_time) {
      head_time.emplace(leash::with_timeout(ctx, idle ? options.idle_timeout : options.header_timeout));
    }
    waiting_ = &head_time->cancel;
    const Result<> more = co_await wait_for_bytes(head_time->ctx);
    waiting_ = nullptr;
    if (idle) head_time.reset();
    if (!more) {
      if (!idle && more.error() == leash::errc::deadline_exceeded) {
        append_refusal(408, "The request's head was not complete in time.");
      }
      co_return false;
    }
  }
}

// The rest of a body that nobody read: what has arrived is skipped, what is still to come ends the
// connection.
Connection::Next Connection::discard_body() {
  while (!parser_.complete()) {
    const std::span<const char> bytes = unread();
    const http::ParseStep step = parser_.feed(bytes);
    parsed_ += step.consumed;
    if (step.event == http::ParseEvent::error) return Next::close;
    if (step.event == http::ParseEvent::need_more && unread().empty()) return Next::close;
  }
  return Next::go_on;
}

Task<Result<std::string_view>> Connection::next_body_piece(Context ctx) {
  if (parser_.request().expect_continue && parser_.request().has_body() && current_.size() == parsed_ &&
      incoming_.empty() && !stream_) {
    http::append_continue(out_);
    const Result<> sent = co_await flush(ctx);
    if (!sent) co_return std::unexpected(sent.error());
  }
  for (;;) {
    if (parser_.complete()) co_return std::string_view();
    const http::ParseStep step = parser_.feed(unread());
    parsed_ += step.consumed;
    if (step.event == http::ParseEvent::body) co_return step.body;
    if (step.event == http::ParseEvent::error) {
      body_error_ = parser_.error().status;
      body_error_detail_ = parser_.error().detail;
      co_return std::unexpected(std::make_error_code(std::errc::bad_message));
    }
    if (parser_.complete() || !unread().empty()) continue;
    auto [time, cancel] = leash::with_timeout(ctx, worker_.shared().options.body_timeout);
    const Result<> more = co_await wait_for_bytes(time);
    if (!more) {
      if (!ctx.is_done() && more.error() == leash::errc::deadline_exceeded) {
        body_error_ = 408;
        body_error_detail_ = "The request's body did not arrive in time.";
        co_return std::unexpected(std::make_error_code(std::errc::bad_message));
      }
      co_return std::unexpected(more.error());
    }
  }
}

// --- writing ---

Task<Result<>> Connection::flush(Context ctx) {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    std::error_code error;
    sent += socket_.write_some(asio::buffer(out_) + sent, error);
    if (!error) continue;
    if (error == asio::error::would_block) {
      auto [time, cancel] = leash::with_timeout(ctx, worker_.shared().options.write_timeout);
      const Result<> writable = co_await socket_.async_wait(Socket::wait_write, leash::via(time));
      if (writable) continue;
      error = writable.error();
    }
    broken_ = true;
    out_.clear();
    co_return std::unexpected(error);
  }
  out_.clear();
  co_return Result<>();
}

// A response is lost when the socket is closed while input waits unread: so say that no more comes, and read
// what the client still sends, for a second at most (RFC 9112 section 9.6).
Task<> Connection::linger(Context ctx) {
  discarding_ = true;
  incoming_.clear();
  std::error_code ignored;  // the client may be gone already
  socket_.shutdown(Socket::shutdown_send, ignored);
  (void)room_.try_send({});
  auto [time, cancel] = leash::with_timeout(ctx, 1s);
  while (!ended_) {
    const Result<> more = co_await wait_for_bytes(time);
    if (!more) break;
  }
}

http::Reply Connection::reply_to_current() {
  http::Reply reply = http::Reply::to(parser_.request(), worker_.date());
  if (worker_.shared().draining.load(std::memory_order_relaxed)) closing_ = true;
  if (closing_) reply.peer_keep_alive = false;
  return reply;
}

void Connection::append(http::Response response) {
  const http::Reply reply = reply_to_current();
  if (response.close || !reply.peer_keep_alive) closing_ = true;
  http::append_response(out_, response, reply);
}

// For what is no request: there is no route, and no further request.
void Connection::append_refusal(int status, std::string_view detail) {
  http::Response response = http::problem(status, detail);
  response.close = true;
  closing_ = true;
  http::append_response(out_, response, http::Reply{.date = worker_.date()});
  worker_.http_figures().finished(RouteLabel::other, MethodLabel::other, status, worker_.mode(), 0ns);
}

Task<Result<>> Connection::begin_stream(Context ctx, http::Response head, std::optional<std::uint64_t> size) {
  const http::Reply reply = reply_to_current();
  if (head.close || !reply.peer_keep_alive) closing_ = true;
  const int status = head.status;
  stream_ = Stream{http::append_response_head(out_, head, size, reply), status};
  if (stream_->framing == http::BodyFraming::until_close) closing_ = true;
  co_return co_await flush(ctx);
}

Task<Result<>> Connection::write_stream(Context ctx, std::string_view piece) {
  switch (stream_->framing) {
    case http::BodyFraming::none:
      co_return Result<>();
    case http::BodyFraming::chunked:
      http::append_chunk(out_, piece);
      break;
    case http::BodyFraming::sized:
    case http::BodyFraming::until_close:
      out_ += piece;
      break;
  }
  co_return co_await flush(ctx);
}

// --- a request ---

void Connection::record(RouteLabel label, int status, Mode mode, leash::TimePoint since) noexcept {
  HttpFigures& figures = worker_.http_figures();
  const auto elapsed = worker_.loop().now() - since;
  figures.finished(label, method_label(parser_.request().method), status, mode, elapsed);
  if (status == 504) figures.deadline_exceeded[static_cast<std::size_t>(label)].add();
  if (spdlog::should_log(spdlog::level::debug)) {
    spdlog::debug("request method={} route={} status={} mode={} elapsed_us={}", parser_.request().method_name,
                  route_labels[static_cast<std::size_t>(label)], status, to_string(mode),
                  std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
  }
}

// What the connection answers for a handler that did not return before its context was done.
std::optional<http::Response> Connection::answer_for(std::error_code cause) {
  if (cause == leash::errc::deadline_exceeded) {
    http::Response response =
        http::problem(504, "The request's deadline passed before it was answered.", "deadline");
    response.headers.add("X-Deadline-Expired", "1");
    return response;
  }
  if (cause == leash::errc::disconnected) return std::nullopt;
  http::Response response = http::problem(503, "The server is shutting down.", "shutdown");
  response.headers.add("Retry-After", "1");
  response.close = true;
  return response;
}

Task<> Connection::run_handler(const Route* route, Exchange* exchange, leash::DoneSource returned) {
  const leash::DoneSource at_end = std::move(returned);  // closed also when the handler throws
  handled_ = co_await route->task(*exchange);
}

Task<Connection::Next> Connection::serve_request(Context ctx) {
  const http::Request& request = parser_.request();
  served_ = true;
  const leash::TimePoint since = worker_.loop().now();
  const auto found = worker_.router().find(request);
  const RouteLabel label = found ? (*found)->label : found.error().label;
  const auto refuse = [&](http::Response response) {
    const int status = response.status;
    append(std::move(response));
    record(label, status, worker_.mode(), since);
  };

  const auto allowed = http::request_timeout(request.headers);
  auto query = http::parse_query(request.query);
  std::chrono::nanoseconds limit = worker_.shared().options.request_timeout;
  bool run = false;
  if (!found) {
    refuse(found.error().response);
  } else if (!allowed) {
    refuse(http::problem(400, allowed.error()));
  } else if (!query) {
    refuse(http::problem(400, query.error()));
  } else if (*allowed && **allowed <= 0ns) {
    refuse(*answer_for(leash::errc::deadline_exceeded));
  } else if (worker_.too_many_in_flight()) {
    http::Response response = http::problem(503, "Too many requests are in flight.", "overload");
    response.headers.add("Retry-After", "1");
    refuse(std::move(response));
  } else {
    if (*allowed) limit = std::min(limit, **allowed);
    run = true;
  }

  if (run) {
    const Route& route = **found;
    const std::uint64_t id = worker_.next_request_id();
    auto [request_ctx, cancel] =
        leash::with_deadline(ctx, since + limit, {}, leash::Label("request", id, leash::Role::request));
    Exchange exchange(*this, request, std::move(*query), id, request_ctx);
    worker_.http_figures().in_flight.add();
    int status = 0;
    if (route.now) {
      http::Response response = route.now(exchange);
      status = response.status;
      append(std::move(response));
    } else {
      status = co_await run_task(ctx, route, exchange, cancel);
    }
    worker_.http_figures().in_flight.subtract();
    record(label, status, exchange.mode.value_or(worker_.mode()), since);
    if (status == 499) co_return Next::close;
    const Result<> flushed = out_.size() < pipelining_bytes && route.now ? Result<>() : co_await flush(ctx);
    cancel(leash::errc::finished);
    if (!flushed) co_return Next::close;
  }

  const Next next = discard_body();
  if (next == Next::close || closing_) {
    closing_ = true;
    co_return Next::close;
  }
  parser_.reset();
  co_return Next::go_on;
}

// Runs the handler as a task, answers, and joins it. The status answered; 499 when the client has gone.
Task<int> Connection::run_task(Context ctx, const Route& route, Exchange& exchange, leash::Cancel& cancel) {
  const Context& request_ctx = exchange.ctx();
  stream_.reset();
  handled_.reset();
  body_error_ = 0;
  const Result<> flushed =
      co_await flush(ctx);  // responses to earlier pipelined requests do not wait for this one
  if (!flushed) co_return 499;

  request_ = &cancel;
  if (ended_ && (broken_ || worker_.shared().options.half_close_cancels)) cancel(leash::errc::disconnected);
  leash::DoneSource returned_source;
  const leash::Done returned = returned_source.done();
  leash::Scope s(request_ctx);
  s.go(run_handler(&route, &exchange, std::move(returned_source)), route.path.substr(1));
  (void)co_await leash::select(returned.wait(), request_ctx.done());

  int status = 499;
  const bool late = !returned.closed();
  if (late) {
    status = co_await answer_early(ctx, request_ctx.cause());
  }
  std::string thrown;
  try {
    (void)co_await s.join();  // errors of the handler are in handled_
  } catch (const std::exception& e) {
    thrown = e.what();
  } catch (...) {
    thrown = "not a std::exception";
  }
  request_ = nullptr;
  if (!thrown.empty()) {
    spdlog::error("handler threw route={} request={} what=\"{}\"", route.path, exchange.id(), thrown);
  }
  if (late) {
    if (stream_) closing_ = true;
    co_return status;
  }
  co_return answer(exchange, !thrown.empty());
}

// The request's context is done and its handler is not: it is told by the connection, under the connection's
// context.
Task<int> Connection::answer_early(Context ctx, std::error_code cause) {
  std::optional<http::Response> response = answer_for(cause);
  if (!response || stream_) {  // half a response cannot be taken back: the connection ends with it
    closing_ = true;
    co_return response ? response->status : 499;
  }
  const int status = response->status;
  append(std::move(*response));
  (void)co_await flush(ctx);  // a client that takes nothing is noticed by the caller's next flush
  co_return status;
}

// What the handler returned becomes the response.
int Connection::answer(Exchange& exchange, bool threw) {
  if (stream_) {
    const bool whole = !threw && handled_ && *handled_;
    if (whole && stream_->framing == http::BodyFraming::chunked) http::append_last_chunk(out_);
    if (!whole) closing_ = true;
    return stream_->status;
  }
  std::optional<http::Response> response;
  if (threw) {
    response = http::problem(500, "The handler failed.");
  } else if (body_error_ != 0) {
    response = http::problem(body_error_, body_error_detail_);
    response->close = true;
  } else if (!*handled_) {
    const std::error_code error = handled_->error();
    if (leash::is_cancellation(error) && exchange.ctx().is_done()) {
      response = answer_for(exchange.ctx().cause());
      if (!response) return 499;
    } else if (error == leash::errc::disconnected) {
      return 499;
    } else {
      spdlog::error("handler failed request={} error=\"{}\"", exchange.id(), error.message());
      response = http::problem(500, "The handler failed.");
    }
  } else {
    response = std::move(**handled_);
  }
  const int status = response->status;
  append(std::move(*response));
  return status;
}

}  // namespace server
