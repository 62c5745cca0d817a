#pragma once
// Errors of this library, and the type in which expected ones are returned.
//
// What it is     an error category `leash`, its codes, and Result<T>.
// Guarantees     deadline_exceeded counts as a timeout (== std::errc::timed_out); canceled and the causes
//                that end a request (finished, disconnected, shutdown) count as
//                std::errc::operation_canceled.
// Threads        any.
//
//   leash::Result<int> r = co_await channel.receive(ctx);
//   if (!r && r.error() == leash::errc::deadline_exceeded) ...
//   if (!r && r.error() == std::errc::timed_out) ...  // the same, as a condition

#include <cstdint>
#include <expected>
#include <string_view>
#include <system_error>

namespace leash {

enum class errc : std::uint8_t {
  canceled = 1,       // the context was cancelled (Go: context.Canceled)
  deadline_exceeded,  // its deadline passed (Go: context.DeadlineExceeded)
  closed,             // the channel is closed
  deadlock,           // tasks are alive and nothing can wake them
  // Well-known causes of a cancellation; any other error code can be a cause too.
  finished,      // what the context was for is complete
  disconnected,  // the client has gone
  shutdown,      // the process is draining
};

const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), error_category()}; }

// An expected failure is a value. Not to be dropped: check it, or say `(void)`.
template <class T = void>
using Result = std::expected<T, std::error_code>;

// Whether `error` says "told to stop" (canceled, deadline_exceeded, an aborted operation), rather than "it
// failed".
bool is_cancellation(const std::error_code& error) noexcept;

}  // namespace leash

template <>
struct std::is_error_code_enum<leash::errc> : std::true_type {};
