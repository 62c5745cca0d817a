// SPDX-License-Identifier: BSL-1.0
#include "http/server/connection.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <asio/detail/socket_option.hpp>
#include <asio/ip/tcp.hpp>
#include <utility>

#include "http/server/limits/turn.hpp"
#include "http/server/worker.hpp"
#include "leash/scope.hpp"

namespace http::server {

using namespace std::chrono_literals;
using leash::Context;
using leash::Result;
using leash::Task;

namespace {

// How long a client may continue to send after its last response, as in nginx.
constexpr auto linger_time = 30s;
constexpr auto linger_timeout = 5s;  // without a byte
constexpr std::uint64_t most_lingering = 256 * 1024 * 1024;

// The kernel buffers at most this much unsent data per socket. The rest waits here, where it is counted, and the
// progress of a reader is noticed early.
constexpr int most_unsent = 128 * 1024;
using UnsentLimit = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

}  // namespace

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
    std::optional<bool> complete = parse_head();
    if (!complete) complete = co_await read_head(s.ctx());
    place_.leave();
    if (!*complete) break;
    served_ = true;
    body_.start();
    const std::optional<Router::Found> task = serve_at_once(s.ctx());
    if (task) {
      co_await serve_task(s.ctx(), *task);
    } else if (output_.wants_flush()) {
      co_await send_much(s.ctx());
    }
    end_request();
    const bool enough = ++in_a_row_ >= most_in_a_row || output_.wants_flush();
    if (!closing_ && enough) co_await end_turn(s.ctx());
  }
  const Result<> flushed = co_await output_.flush(s.ctx());
  if (flushed && !input_.broken() && !output_.broken() && !evicted_) co_await linger(s.ctx());
  s.cancel(leash::errc::finished);
  (void)co_await s.join();  // the reader was canceled; nothing else can have failed
}

// A pipeline does not block the loop: the answers are sent, and other connections run first.
Task<> Connection::end_turn(Context ctx) {
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
  if (request_) request_->cancel(cause);
}

bool Connection::client_is_gone() const noexcept {
  return input_.broken() || (input_.closed() && worker_.service().settings.half_close_cancels);
}

// --- reading ---

// Parses what has arrived. True if a head is complete, false if it is malformed; empty if more bytes are needed.
std::optional<bool> Connection::parse_head() {
  for (;;) {
    const std::span<const char> bytes = input_.unread();
    if (bytes.empty()) return std::nullopt;
    const ParseStep step = parser_.feed(bytes);
    input_.consume(step.consumed);
    if (step.event == ParseEvent::head) return true;
    if (step.event == ParseEvent::error) {
      append_refusal(parser_.error().status, parser_.error().detail);
      return false;
    }
  }
}

// A context for the wait for the next request until `end`. That of an earlier wait is used until it ends, so that not
// every request needs a new one. It ends no later than `end`, and read_head() then waits for the rest.
leash::Cancelable& Connection::idle_time(const Context& ctx, leash::TimePoint end) {
  if (!idle_time_ || idle_time_->ctx.is_done()) idle_time_ = leash::with_deadline(ctx, end);
  return *idle_time_;
}

leash::TimePoint Connection::idle_end(leash::TimePoint now) const {
  const Settings& settings = worker_.service().settings;
  const bool first = !served_ && settings.first_byte_timeout < settings.idle_timeout;
  return leash::later(now, first ? settings.first_byte_timeout : settings.idle_timeout);
}

// Waits for a head. False if there is no further request: the connection ended, was idle for too long, or sent a
// malformed request.
Task<bool> Connection::read_head(Context ctx) {
  std::optional<leash::Cancelable> head_time;
  leash::Cancelable* time = nullptr;
  bool time_is_of_idleness = false;  // empty lines do not begin a request
  leash::TimePoint end_of_idleness{};
  for (;;) {
    bool flushed = output_.flush_at_once();
    if (!flushed) flushed = (co_await output_.flush(ctx)).has_value();
    if (!flushed) co_return false;
    if (const std::optional<bool> complete = parse_head()) co_return *complete;  // it may have come meanwhile
    const bool idle = parser_.idle();
    if (input_.ended() || (idle && closing_)) co_return false;
    if (!time || idle != time_is_of_idleness) {
      const leash::TimePoint now = worker_.loop().now();
      if (idle) {
        end_of_idleness = idle_end(now);
        time = &idle_time(ctx, end_of_idleness);
      } else {
        head_time = leash::with_deadline(ctx, leash::later(now, worker_.service().settings.header_timeout));
        time = &*head_time;
      }
      time_is_of_idleness = idle;
      place_.enter(now);
      if (idle) ++idle_times_;
    }
    in_a_row_ = 0;
    wait_ = &time->cancel;
    if (idle) idle_ = wait_;
    input_.notice_resets(input_.consumed() != answered_bytes_);
    const auto more = co_await input_.arrival(time->ctx);
    input_.notice_resets(false);
    wait_ = idle_ = nullptr;
    if (!more) {
      const bool too_late = more.error() == leash::errc::deadline_exceeded;
      if (idle && too_late && worker_.loop().now() < end_of_idleness) {
        idle_time_.reset();
        time = &idle_time(ctx, end_of_idleness);
        continue;
      }
      if (idle && !evicted_ && !input_.unread().empty()) {  // a request came at the last moment
        time = nullptr;
        continue;
      }
      if (!idle && too_late) {
        append_refusal(408, "The request's head was not complete in time.");
      }
      co_return false;
    }
  }
}

// --- the end ---

// Closing a socket with unread input can destroy the response. So it shuts down the sending side, and reads what the
// client still sends, for a limited time and number of bytes (RFC 9112 section 9.6).
Task<> Connection::linger(Context ctx) {
  input_.discard();
  input_.notice_resets(true);
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

}  // namespace http::server
