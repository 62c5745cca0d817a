// SPDX-License-Identifier: BSL-1.0
#pragma once
// One client's connection: reads requests, runs handlers, writes responses.
//
// What it is     two tasks: one parses heads, runs the handler under the request's context and writes (Output)
//                under the connection's; the other keeps reading (Input).
// Guarantees     one request runs at a time, and responses are sent in the order of their requests. If a request's
//                context is done before its handler has returned, the connection answers at once; the handler is joined
//                before the next request is parsed. After a framing error the connection is not used again. Pipelined
//                requests do not starve other connections.
// Threads        its loop's.
// Lifetime       a local object of the task that runs it.
//
//   http::server::Connection connection(worker, std::move(socket));
//   co_await connection.run(ctx);

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message/request_parser.hpp"
#include "http/message/serializer.hpp"
#include "http/message/target.hpp"
#include "http/server/exchange.hpp"
#include "http/server/handler_run.hpp"
#include "http/server/input.hpp"
#include "http/server/limits/memory_budget.hpp"
#include "http/server/limits/waiting_list.hpp"
#include "http/server/output.hpp"
#include "http/server/request_body.hpp"
#include "http/server/request_record.hpp"
#include "http/server/router.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace http::server {

class Worker;

class Connection {
 public:
  Connection(Worker& worker, Socket socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  leash::Task<> run(leash::Context ctx);

  // Called repeatedly while draining. Ends the connection if it is idle; unless `all`, a connection that has just become
  // idle, or has not sent its first request yet, gets a moment, because a request may be in transit; its response will
  // announce the close. Running requests are not affected.
  void end_if_idle(bool all) noexcept;
  // Ends the connection at once if it waits for its client and no request runs; returns false otherwise.
  bool end_for_another() noexcept;
  // Ends the running request, if any, and then the connection.
  void shut_down() noexcept;

 private:
  friend class Exchange;

  std::optional<bool> parse_head();
  leash::Task<bool> read_head(leash::Context ctx);
  leash::Cancelable& idle_time(const leash::Context& ctx, leash::TimePoint end);
  leash::TimePoint idle_end(leash::TimePoint now) const;
  std::optional<Router::Found> serve_at_once(const leash::Context& ctx);
  leash::Task<> serve_task(leash::Context ctx, Router::Found found);
  void end_request();
  leash::Task<> send_much(leash::Context ctx);
  leash::Task<> end_turn(leash::Context ctx);
  leash::Task<> linger(leash::Context ctx);

  std::optional<leash::TimePoint> admit(RequestRecord& record);
  void refuse(RequestRecord& record, Response response, std::string_view cause);
  void finish(RequestRecord& record, const Exchange& exchange, int status);
  int run_at_once(const AtOnce& handler, Exchange& exchange, RequestRecord& record);
  leash::Task<int> run_task(leash::Context ctx, const Route& route, Exchange& exchange,
                            RequestRecord& record);
  leash::Task<int> answer_early(leash::Context ctx, std::error_code cause);
  int answer(Exchange& exchange, HandlerRun& handler);

  leash::Task<leash::Result<>> begin_stream(leash::Context ctx, Response head,
                                            std::optional<std::uint64_t> size);
  leash::Task<leash::Result<>> write_stream(leash::Context ctx, std::string_view piece);

  bool client_is_gone() const noexcept;
  void cancel_request(std::error_code cause) noexcept;
  void skip_body();
  Reply reply_to_current();
  void append(Response response, std::optional<BodySource> body = {});
  void append_refusal(int status, std::string_view detail);

  // Memory of an idle connection: two tasks, their buffers, the socket.
  static constexpr std::uint64_t usual_bytes = 12 * 1024;
  static constexpr int most_in_a_row = 32;  // requests served in one turn

  Worker& worker_;
  Socket socket_;
  MemoryBudget::Charge charge_;
  RequestParser parser_;
  Query query_;  // of the request
  Input input_;
  Output output_;
  RequestBody body_;

  WaitingList::Place place_;
  leash::Cancel* wait_ = nullptr;  // for the client: a request's head, or its end
  bool evicted_ = false;           // ended to make room for another client
  leash::TimePoint lingers_since_{};
  bool closing_ = false;  // no further request is read
  bool served_ = false;   // at least one
  int in_a_row_ = 0;      // requests served in this turn
  std::optional<leash::Cancelable> idle_time_;
  leash::Cancel* idle_ = nullptr;     // of the wait for the next request
  std::uint64_t idle_times_ = 0;      // how often the connection has become idle
  std::uint64_t seen_idle_ = 0;       // what end_if_idle() saw of that,
  leash::TimePoint seen_at_{};        // and when
  Exchange* request_ = nullptr;       // the running one
  std::uint64_t answered_bytes_ = 0;  // up to the end of the last request
};

}  // namespace http::server
