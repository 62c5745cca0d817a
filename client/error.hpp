// SPDX-License-Identifier: BSL-1.0
#pragma once
// What can go wrong with a call, beside what the system, the resolver and the context say.
//
// What it is     errc has the kinds: conditions, to compare an error with. The error itself is a code of the
//                category `client` that also says what exactly the server did.
// Guarantees     each kind has one clear sentence, and says whether the request can be sent again:
//                only after `refused` is it certain that no byte of a response arrived.
// Threads        any.
//
//   auto response = co_await client.call(ctx, request);
//   if (!response && response.error() == client::errc::refused) ...   // send it again
//   if (!response && response.error() == std::errc::timed_out) ...    // the time was up
//   response.error().message()  // "the server's answer is not valid HTTP: Content-Length is repeated"

#include <cstdint>
#include <string_view>
#include <system_error>

namespace client {

enum class errc : std::uint8_t {
  refused = 1,  // the server closed or reset the connection before the first byte of a response
  truncated,    // it did so in the middle of a response
  malformed,    // what it sent is not an HTTP response
  too_large,    // head or body are larger than this client takes
};

const std::error_category& error_category() noexcept;

// `cause`, one sentence, lives as long as the program: a literal. Programs have a few dozen of them; should
// there ever be thousands, those that come late are left out of the message.
std::error_code make_error_code(errc kind, std::string_view cause = {}) noexcept;

inline std::error_condition make_error_condition(errc kind) noexcept {
  return {static_cast<int>(kind), error_category()};
}

}  // namespace client

template <>
struct std::is_error_condition_enum<client::errc> : std::true_type {};
