#pragma once
// What can go wrong with a call, beside what the system, the resolver and the context say.
//
// Guarantees     each code has one clear sentence, and one meaning for whoever wonders about sending again:
//                only after `refused` is it certain that no byte of a response arrived.
// Threads        any.
//
//   auto response = co_await client.call(ctx, request);
//   if (!response && response.error() == client::errc::refused) ...   // send it again
//   if (!response && response.error() == std::errc::timed_out) ...    // the time was up

#include <cstdint>
#include <system_error>

namespace client {

enum class errc : std::uint8_t {
  refused = 1,  // the server closed or reset the connection before the first byte of a response
  truncated,    // it closed in the middle of a response
  malformed,    // what it sent is not an HTTP response
  too_large,    // head or body are larger than this client takes
};

const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), error_category()}; }

}  // namespace client

template <>
struct std::is_error_code_enum<client::errc> : std::true_type {};
