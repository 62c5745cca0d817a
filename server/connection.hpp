#pragma once
// One client's connection: reads requests, runs handlers, writes responses.
//
// What it is     two tasks: one parses heads, runs the handler under the request's context and writes under
//                the connection's; the other keeps reading, so that a client that goes away is seen while a
//                handler runs.
// Guarantees     one request runs at a time, and responses leave in the order of their requests. When a
//                request's context is done before its handler returned, the connection answers for it at
//                once; the handler is joined before the next request is parsed. After a framing error the
//                connection is never used again.
// Threads        its loop's.
// Lifetime       lives in the frame of the task that runs it.
//
//   server::Connection connection(worker, std::move(socket));
//   co_await connection.run(ctx);

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "http/request_parser.hpp"
#include "http/serializer.hpp"
#include "leash/channel.hpp"
#include "leash/context.hpp"
#include "leash/done.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"
#include "server/exchange.hpp"
#include "server/http_figures.hpp"
#include "server/mode.hpp"

namespace server {

class Worker;

using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

class Connection {
 public:
  Connection(Worker& worker, Socket socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  leash::Task<> run(leash::Context ctx);

  // While draining: an idle connection ends; one that serves a request ends after it. One that has not sent
  // its first request yet is spared unless `also_new`: that request may be on its way.
  void close_when_idle(bool also_new) noexcept;
  // Ends the request that runs, if one does.
  void cancel_request(std::error_code cause) noexcept;

 private:
  friend class Exchange;
  enum class Next : bool { close, go_on };

  leash::Task<> read_loop(leash::Context ctx);
  leash::Task<bool> read_head(leash::Context ctx);
  leash::Task<Next> serve_request(leash::Context ctx);
  leash::Task<> run_handler(const Route* route, Exchange* exchange, leash::DoneSource returned);
  leash::Task<int> run_task(leash::Context ctx, const Route& route, Exchange& exchange,
                            leash::Cancel& cancel);
  leash::Task<int> answer_early(leash::Context ctx, std::error_code cause);
  int answer(Exchange& exchange, bool threw);
  Next discard_body();
  leash::Task<leash::Result<>> wait_for_bytes(leash::Context ctx);
  leash::Task<leash::Result<>> flush(leash::Context ctx);
  leash::Task<> linger(leash::Context ctx);

  leash::Task<leash::Result<std::string_view>> next_body_piece(leash::Context ctx);
  leash::Task<leash::Result<>> begin_stream(leash::Context ctx, http::Response head,
                                            std::optional<std::uint64_t> size);
  leash::Task<leash::Result<>> write_stream(leash::Context ctx, std::string_view piece);

  std::span<const char> unread() noexcept;
  bool peer_has_closed() noexcept;
  http::Reply reply_to_current();
  void append(http::Response response);
  void append_refusal(int status, std::string_view detail);
  std::optional<http::Response> answer_for(std::error_code cause);
  void record(RouteLabel label, int status, Mode mode, leash::TimePoint since) noexcept;

  static constexpr std::size_t pipelining_bytes = 64 * 1024;
  static constexpr std::size_t read_bytes = 8 * 1024;

  Worker& worker_;
  Socket socket_;
  http::RequestParser parser_;
  std::string out_;

  // The reader appends to incoming_; the parser works through current_, so that views into it stay valid.
  std::string incoming_;
  std::string current_;
  std::size_t parsed_ = 0;
  bool ended_ = false;       // the client sends no more
  bool broken_ = false;      // and takes no more either
  bool discarding_ = false;  // what still comes is thrown away
  leash::Channel<std::monostate> arrived_{1};
  leash::Channel<std::monostate> room_{1};

  bool closing_ = false;              // no further request
  bool served_ = false;               // at least one
  leash::Cancel* waiting_ = nullptr;  // of the wait for the next request
  leash::Cancel* request_ = nullptr;  // of the request that runs
  struct Stream {
    http::BodyFraming framing;
    int status;
  };
  std::optional<Stream> stream_;                  // a response that the handler writes itself
  std::optional<leash::Result<Answer>> handled_;  // what the handler returned
  int body_error_ = 0;                            // status for what went wrong with the request's body
  std::string_view body_error_detail_;
};

}  // namespace server
