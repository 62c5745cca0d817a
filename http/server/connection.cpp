// SPDX-License-Identifier: BSL-1.0
#include "http/server/connection.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <asio/detail/socket_option.hpp>
#include <asio/ip/tcp.hpp>
#include <utility>

#include "http/message/problem.hpp"
#include "http/message/request_timeout.hpp"
#include "http/server/handler_run.hpp"
#include "http/server/limits/turn.hpp"
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

// How long a client may continue to send after its last response, as in nginx.
constexpr auto linger_time = 30s;
constexpr auto linger_timeout = 5s;  // without a byte
constexpr std::uint64_t most_lingering = 256 * 1024 * 1024;

// The kernel buffers at most this much unsent data per socket. The rest waits here, where it is counted, and the
// progress of a reader is noticed early.
constexpr int most_unsent = 128 * 1024;
using UnsentLimit = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

}  // namespace

// --- functions for handlers ---

Worker& Exchange::worker() const noexcept { return connection_.worker_; }
Task<Result<std::string_view>> Exchange::read_body() { return connection_.body_.next(ctx_); }
Task<Result<std::string>> Exchange::read_whole_body(std::uint64_t most) {
  RequestBody& body = connection_.body_;
  if (request_.content_length.value_or(0) > most) co_return std::unexpected(body.too_large());
  std::string whole;
  MemoryBudget::Charge charge(worker().memory());
  for (;;) {
    const Result<std::string_view> piece = co_await read_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return whole;
    if (piece->size() > most - whole.size()) co_return std::unexpected(body.too_large());
    whole += *piece;
    charge.set(whole.capacity());
  }
}
std::string Exchange::new_body(std::string_view text) {
  std::string body = worker().spare_bodies.take();
  body = text;
  return body;
}
Task<Result<>> Exchange::begin(Response head, std::optional<std::uint64_t> size) {
  return connection_.begin_stream(ctx_, std::move(head), size);
}
Task<Result<>> Exchange::write(std::string_view piece) { return connection_.write_stream(ctx_, piece); }

// --- lifetime ---

Connection::Connection(Worker& worker, Socket socket)
    : worker_(worker),
      socket_(std::move(socket)),
      charge_(worker.memory(), usual_bytes),
      parser_(worker.service().settings.limits),
      input_(socket_, worker.loop(), worker.hangup_watch(), worker.memory(),
             [this] {
               if (client_is_gone()) cancel_request(leash::errc::disconnected);
               return !client_is_gone();
             }),
      output_(socket_, worker.loop(), worker.memory(), worker.service().settings.write_timeout),
      body_(parser_, input_, output_, worker.service().settings.body_timeout),
      place_(worker.waiting, *this) {
  worker_.connections.insert(this);
  worker_.metrics().connections.add();
  worker_.metrics().connections_total.add();
  std::error_code ignored;  // a socket that is already closed reports it at its first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(UnsentLimit(most_unsent), ignored);
  report_rest(socket_);
}

Connection::~Connection() {
  worker_.connections.erase(this);
  if (evicted_) worker_.leaving.fetch_sub(1);
  worker_.metrics().connections.subtract();
}

Task<> Connection::run(Context ctx) {
  leash::Scope s(ctx);
  s.go(input_.read(s.ctx()), "reader");
  while (!closing_) {
    const bool complete = co_await read_head(s.ctx());
    place_.leave();
    if (!complete) break;
    const Next next = co_await serve_request(s.ctx());
    if (next == Next::close) closing_ = true;
    if (!closing_) co_await end_turn_after_enough(s.ctx());
  }
  const Result<> flushed = co_await output_.flush(s.ctx());
  if (flushed && !input_.broken() && !output_.broken() && !evicted_) co_await linger(s.ctx());
  s.cancel(leash::errc::finished);
  (void)co_await s.join();  // the reader was canceled; nothing else can have failed
}

// A pipeline does not block the loop: the answers are sent, and other connections run first.
Task<> Connection::end_turn_after_enough(Context ctx) {
  if (++in_a_row_ < most_in_a_row && !output_.wants_flush()) co_return;
  in_a_row_ = 0;
  const Result<> flushed = co_await output_.flush(ctx);
  if (!flushed) closing_ = true;
  co_await let_others_go_on(ctx, socket_);
}

void Connection::end_if_idle(bool all) noexcept {
  if (closing_ && wait_ && !idle_ && (all || worker_.loop().now() - lingers_since_ > 1s)) {
    (*wait_)(leash::errc::shutdown);  // it lingers after its last answer
    return;
  }
  if (!idle_ || !input_.is_all_consumed()) return;
  const leash::TimePoint now = worker_.loop().now();
  if (std::exchange(seen_idle_, idle_times_) != idle_times_) seen_at_ = now;
  const leash::Duration spared = served_ ? 100ms : 1s;
  if (!all && now - seen_at_ < spared) return;
  closing_ = true;
  (*idle_)(leash::errc::shutdown);
}

bool Connection::end_for_another() noexcept {
  if (!wait_ || evicted_ || (idle_ && !input_.is_all_consumed())) return false;
  evicted_ = closing_ = true;
  worker_.leaving.fetch_add(1);
  (*wait_)(leash::errc::finished);
  return true;
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

// False if there is no further request: the connection ended, was idle for too long, or sent a malformed request.
Task<bool> Connection::read_head(Context ctx) {
  std::optional<leash::Cancelable> time;
  bool time_is_of_idleness = false;  // empty lines do not begin a request
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
      const auto at_most = !idle     ? settings.header_timeout
                           : served_ ? settings.idle_timeout
                                     : std::min(settings.first_byte_timeout, settings.idle_timeout);
      time.emplace(leash::with_timeout(ctx, at_most));
      time_is_of_idleness = idle;
      place_.enter(worker_.loop().now());
      if (idle) ++idle_times_;
    }
    in_a_row_ = 0;
    wait_ = &time->cancel;
    if (idle) idle_ = wait_;
    const Result<> more = co_await input_.wait(time->ctx);
    wait_ = idle_ = nullptr;
    if (!more) {
      if (idle && !evicted_ && !input_.unread().empty()) {  // a request came at the last moment
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

// Closing a socket with unread input can destroy the response. So it shuts down the sending side, and reads what the
// client still sends, for a limited time and number of bytes (RFC 9112 section 9.6).
Task<> Connection::linger(Context ctx) {
  input_.discard();
  const std::uint64_t most = input_.received() + most_lingering;
  std::error_code ignored;  // the client may have disconnected already
  socket_.shutdown(Socket::shutdown_send, ignored);
  auto [time, cancel] = leash::with_timeout(ctx, linger_time);
  lingers_since_ = worker_.loop().now();
  place_.enter(lingers_since_);
  wait_ = &cancel;
  while (!input_.ended() && input_.received() < most) {
    auto [silence, no_longer] = leash::with_timeout(time, linger_timeout);
    const Result<> more = co_await input_.wait(silence);
    if (!more) break;
  }
  wait_ = nullptr;
}

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
  const auto parsed = query_.parse(request.query);
  // The server's own limit counts from now, the caller's from the arrival of its request.
  leash::TimePoint deadline = leash::later(record.since(), service.settings.request_timeout);
  if (allowed && *allowed) deadline = std::min(deadline, leash::later(input_.arrived_at(), **allowed));
  const AsTask* const as_task = found ? std::get_if<AsTask>(&found->route->handler) : nullptr;
  bool run = false;
  if (!found) {
    refuse(found.error().response, found.error().cause);
  } else if (!allowed) {
    refuse(problem(400, allowed.error()), allowed.error());
  } else if (!parsed) {
    refuse(problem(400, parsed.error()), parsed.error());
  } else if (deadline <= record.since()) {
    refuse(*response_for(leash::errc::deadline_exceeded), "its deadline had passed");
  } else if (as_task && worker_.too_many_in_flight()) {  // handlers that do not wait are not limited
    refuse(try_again_later("Too many requests are in flight.", "overload"), "overload");
  } else if (as_task && !worker_.memory().has_room_for(1)) {
    refuse(try_again_later("The memory budget of requests is used up.", "memory"), "memory");
  } else {
    run = true;
  }

  if (run) {
    const Context traced = as_task ? leash::with_value<leash::Trace>(ctx, record.trace()) : ctx;
    auto [request_ctx, cancel] = leash::with_deadline(
        traced, deadline, {}, leash::Label("request", record.id(), leash::Role::request));
    Exchange exchange(*this, request, query_, record.id(), request_ctx, record.label);
    int status = 0;
    const Counted in_flight(worker_.metrics().in_flight);  // until its response has been sent
    if (as_task) {
      status = co_await run_task(ctx, *found->route, exchange, cancel, record);
    } else {
      status = run_at_once(std::get<AtOnce>(found->route->handler), exchange, record);
    }
    record.label = exchange.label;
    if (record.cause.empty() && service.settings.log_requests) {
      record.cause = (request_ctx.is_done() ? request_ctx.cause() : leash::errc::finished).message();
    }
    record.finish(status);
    if (status == 499) co_return Next::close;
    Result<> flushed;
    if (as_task || output_.wants_flush()) {
      flushed = co_await output_.flush(ctx);
      if (!as_task) in_a_row_ = most_in_a_row;  // it may have been much work
    }
    cancel(leash::errc::finished);
    if (!flushed) co_return Next::close;
  }

  if (!body_.discard() || closing_) {
    closing_ = true;
    co_return Next::close;
  }
  parser_.reset();
  query_.clear();
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

// Runs the handler as a task, answers, and joins the task. Returns the status; 499 if the client has disconnected.
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
  // A request that is already late does not begin.
  if (!request_ctx.is_done()) {
    const std::string_view name = std::string_view(route.path).substr(1);
    s.go(handler.run(std::get<AsTask>(route.handler), std::move(returned_source)), name);
    if (client_is_gone()) {
      // The request arrived completely. So the handler may do what needs no waiting, as in Input::read().
      co_await let_others_go_on(ctx, socket_);
      if (!returned.closed()) cancel(leash::errc::disconnected);
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
    cancel(leash::errc::disconnected);  // the handler could not read the rest of a body, or could not write
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
