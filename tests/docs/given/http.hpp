// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the examples of http/message and http/server take for granted.

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "any.hpp"
#include "http/message/message.hpp"
#include "http/message/request_parser.hpp"
#include "http/message/response_parser.hpp"
#include "http/message/serializer.hpp"
#include "http/server/exchange.hpp"
#include "http/server/handler_run.hpp"
#include "http/server/input.hpp"
#include "http/server/log_event.hpp"
#include "http/server/metrics.hpp"
#include "http/server/output.hpp"
#include "http/server/request_body.hpp"
#include "http/server/request_record.hpp"
#include "http/server/router.hpp"
#include "http/server/worker.hpp"
#include "leash/families.hpp"
#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace given {

using namespace std::chrono_literals;

void respond(const auto&...);

extern asio::io_context io;
extern leash::Context ctx;
extern leash::Context parent;
extern leash::Scope& s;
extern http::Socket socket;
extern const http::Request& request;
extern http::Response response;
extern http::server::Exchange& exchange;
extern http::server::Service& service;
extern http::server::Worker& worker;
extern std::string body;
extern std::string name;
extern std::string message;
extern std::span<const char> bytes;
http::Response healthz(http::server::Exchange&);
http::Response complain(std::string);

namespace of_json_writer {
extern std::vector<int> times;
}
namespace of_parse_step {
extern http::RequestParser parser;
extern std::span<const char> unread;
leash::Task<> read_more();
void start(const auto&);
void finish();
void refuse(const auto&);
struct Body {
  void append(const auto&);
};
extern Body body;
}  // namespace of_parse_step
namespace of_response_parser {
extern bool closed;
void truncated(const auto&);
}  // namespace of_response_parser
namespace of_serializer {
extern http::DateCache dates;
extern std::chrono::system_clock::time_point now;
extern const http::Reply& reply;
}  // namespace of_serializer
namespace of_trace_context {
struct Call {
  http::Headers headers;
};
extern Call call;
}  // namespace of_trace_context
namespace of_families {
extern leash::families::Families families;
extern http::server::Workers workers;
}  // namespace of_families
namespace of_handler_run {
extern http::server::RequestRecord record;
extern http::server::RequestBody body;
extern http::server::AsTask route_handler;
extern leash::DoneSource returned;
}  // namespace of_handler_run
namespace of_input {
extern http::server::Input input;
extern http::RequestParser parser;
}  // namespace of_input
namespace of_metrics {
extern http::server::Metrics metrics;
extern std::chrono::nanoseconds elapsed;
}  // namespace of_metrics
namespace of_output {
extern http::server::Output output;
extern const http::Reply& reply;
}  // namespace of_output
namespace of_request_body {
extern http::server::RequestBody body;
extern bool closing;
}  // namespace of_request_body
namespace of_request_record {
extern const http::server::Router::Found* found;
}
namespace of_listener {
extern std::function<bool()> full;
}
namespace of_memory_budget {
extern std::size_t size;
}
namespace of_socket {
extern char* data;
extern std::size_t size;
}  // namespace of_socket
namespace of_turn {
extern int served;
constexpr int most_in_a_row = 32;
}  // namespace of_turn
namespace of_waiting_list {
extern leash::Loop loop;
extern http::server::Connection& connection;
}  // namespace of_waiting_list
namespace of_worker {
struct Cache {};
extern int accepted;
}  // namespace of_worker

}  // namespace given
