// SPDX-License-Identifier: BSL-1.0
#pragma once
// Error handling: expected failures are values; misuse ends the process.
//
// What it is     an error category `leash`, its codes, Result<T>, value_or_throw, and check().
// Guarantees     deadline_exceeded counts as a timeout (== std::errc::timed_out); canceled and the causes
//                that end a request (finished, disconnected, shutdown) count as
//                std::errc::operation_canceled. A check that fails writes one line to standard error and
//                aborts, in every build; nothing is unwound.
// Threads        any.
//
//   leash::Result<int> r = co_await channel.receive(ctx);
//   if (!r && r.error() == leash::errc::deadline_exceeded) ...
//   if (!r && r.error() == std::errc::timed_out) ...  // the same, as a condition
//   const int n = leash::value_or_throw(co_await channel.receive(ctx));  // throws std::system_error

#include <version>
#ifndef __cpp_lib_expected
#  error "leash needs C++23: -std=c++23, with GCC 12 or clang 19, or newer"
#endif

#include <cstdint>
#include <expected>
#include <source_location>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace leash {

enum class errc : std::uint8_t {
  canceled = 1,       ///< the context was canceled (Go: context.Canceled)
  deadline_exceeded,  ///< its deadline passed (Go: context.DeadlineExceeded)
  closed,             ///< the channel is closed
  deadlock,           ///< tasks are alive and nothing can wake them
  /// Well-known causes of a cancellation; any other error code can be a cause too.
  finished,      ///< the work of the context is complete
  disconnected,  ///< the client has disconnected
  shutdown,      ///< the process is draining
};

const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), error_category()}; }

/// The type of an operation that can fail. Results must not be dropped: check them, or cast to void.
template <class T = void>
using Result = std::expected<T, std::error_code>;

/// True if `error` means canceled rather than failed: deadline_exceeded, all that equals
/// std::errc::operation_canceled (canceled, the causes that end a request, Asio's operation_aborted), and
/// channel_cancelled of Asio's experimental channels.
bool is_cancellation(const std::error_code& error) noexcept;

/// Returns the value, or throws the error as a std::system_error, for code that prefers exceptions. (Result::value()
/// throws std::bad_expected_access, which has no message.) If a context ended the work, either exception counts as a
/// cancellation when it escapes a task, not as a failure.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::system_error(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Writes "leash: <what> (file:line)" to standard error and aborts. `what` is a literal.
[[noreturn]] void fail(const char* what,
                       std::source_location where = std::source_location::current()) noexcept;

/// For broken invariants and misuse. Errors that a peer or a user can cause are Results instead.
inline void check(bool holds, const char* what,
                  std::source_location where = std::source_location::current()) noexcept {
  if (!holds) [[unlikely]]
    fail(what, where);
}

}  // namespace leash

template <>
struct std::is_error_code_enum<leash::errc> : std::true_type {};
