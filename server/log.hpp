// SPDX-License-Identifier: BSL-1.0
#pragma once
// The server's log: one line an event, made of fields.
//
// What it is     log_event(level, event, fields) writes `time=... level=info event=draining signal=15`, or the same as
//                a JSON object. On standard error.
// Guarantees     whatever a field holds, it stays one field of one line of printable ASCII: quotes, control
//                characters and everything else are escaped. It never throws, and never waits: where no reader takes
//                standard error, what does not fit into a buffer of 1 MiB is dropped, and their number is logged when
//                there is room again.
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

// Before the first event, once.
void open_log(LogLevel level, LogFormat format);

LogFormat log_format() noexcept;
bool is_logged(LogLevel level) noexcept;
void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {}) noexcept;
// The same, for what each of many requests may cause: of warnings and errors with the same name, twenty in ten seconds
// are logged; the next one says how many were not.
void log_limited(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept;
// Text as it is, such as a report.
void log_text(std::string_view text) noexcept;
// Waits until all has been written, a second at most: before the process ends.
void close_log() noexcept;
std::uint64_t log_lines_dropped() noexcept;

// The fields alone, as the line has them; for tests of what is escaped.
std::string log_fields(LogFormat format, std::initializer_list<LogField> fields);

}  // namespace server
