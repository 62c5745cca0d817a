// SPDX-License-Identifier: BSL-1.0
#pragma once
// Resolves names into addresses without blocking.
//
// What it is     the system's resolver (hosts file, name servers), called through getaddrinfo_a(3). A numeric address
//                is converted at once.
// Guarantees     when the context ends, the look-up is abandoned: neither the loop nor the end of the process waits for a
//                name server that does not answer. The order is that of the system (RFC 6724), with the families
//                alternating (RFC 8305 section 4).
// Errors         those of the resolver (asio::error::host_not_found, ...) and of the context.
// Threads        the loop's.
//
//   auto endpoints = co_await client::resolve(ctx, io, "localhost", 8080);
//   if (!endpoints) co_return std::unexpected(endpoints.error());

#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace client {

using Endpoint = asio::generic::stream_protocol::endpoint;

leash::Task<leash::Result<std::vector<Endpoint>>> resolve(leash::Context ctx, asio::io_context& io,
                                                          std::string host, std::uint16_t port);

}  // namespace client
