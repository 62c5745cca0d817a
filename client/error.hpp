// SPDX-License-Identifier: BSL-1.0
#pragma once
// Errors of a call, in addition to those of the system, the resolver and the context.
//
// What it is     errc has the kinds of error: conditions to compare an error with. The error itself is a code of the
//                category `client` whose message also says what exactly the server did.
// Guarantees     each kind has one clear sentence. Only after `refused` is it certain that no byte of a response has
//                arrived, so that the request can be sent again.
// Threads        any.
//
//   auto response = co_await client.call(ctx, request);
//   if (!response && response.error() == client::errc::refused) ...   // can be sent again
//   if (!response && response.error() == std::errc::timed_out) ...    // the timeout has passed
//   response.error().message()  // "the server's response is not valid HTTP: Content-Length is repeated"

#include <cstdint>
#include <string_view>
#include <system_error>

namespace client {

enum class errc : std::uint8_t {
  refused = 1,  // the server closed or reset the connection before the first byte of a response
  truncated,    // the server closed or reset the connection within a response
  malformed,    // the response is not valid HTTP
  too_large,    // the head or the body is larger than the client's limit
  not_tls,      // the server did not answer a TLS handshake with TLS
};

const std::error_category& error_category() noexcept;

// `cause` is one sentence with static lifetime (a literal). The number of different causes is limited to thousands; the
// message of a later one leaves the cause out.
std::error_code make_error_code(errc kind, std::string_view cause = {}) noexcept;

inline std::error_condition make_error_condition(errc kind) noexcept {
  return {static_cast<int>(kind), error_category()};
}

}  // namespace client

template <>
struct std::is_error_condition_enum<client::errc> : std::true_type {};
