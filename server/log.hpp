// SPDX-License-Identifier: BSL-1.0
#pragma once
// The server's log: one line of fields per event.
//
// What it is     log_event(level, event, fields) writes `time=... level=info event=draining signal=15`, or the same as a
//                JSON object, to standard error.
// Guarantees     whatever a field contains, it stays one field of one line of printable ASCII: quotes, control characters
//                and everything else are escaped. No function throws or waits: if standard error is not read, lines
//                that do not fit into a buffer of 1 MiB are dropped, and their number is logged when there is room
//                again.
// Threads        any.
//
//   server::log_event(server::LogLevel::warn, "accepting pauses", {{"error", message}, {"open", 9'000}});

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "http/server/log_event.hpp"

namespace server {

using http::server::LogField;
using http::server::LogLevel;
enum class LogFormat : std::uint8_t { text, json };

std::optional<LogFormat> parse_log_format(std::string_view text) noexcept;

// Called once, before the first event.
void open_log(LogLevel level, LogFormat format);

LogFormat log_format() noexcept;
bool is_logged(LogLevel level) noexcept;
void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {}) noexcept;
// The same for events that many requests can cause: of warnings and errors with the same name, twenty are logged per ten
// seconds; the next one says how many were suppressed.
void log_limited(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept;
// Writes a text such as a report unchanged.
void log_text(std::string_view text) noexcept;
// Waits at most a second until all has been written; called before the process ends.
void close_log() noexcept;
std::uint64_t log_lines_dropped() noexcept;

// The fields as the line contains them; for tests of escaping.
std::string log_fields(LogFormat format, std::initializer_list<LogField> fields);

}  // namespace server
