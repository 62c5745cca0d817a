// SPDX-License-Identifier: BSL-1.0
#pragma once
// A client's socket, TCP or Unix.
//
//   http::server::Socket socket(io);

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>

namespace http::server {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

}  // namespace http::server
