// SPDX-License-Identifier: BSL-1.0
#pragma once
// The events that a server passes to the log of its program, made of fields.
//
// Guarantees     as text, whatever a field holds, it stays one field of one line of printable ASCII: quotes, control
//                characters and everything else are escaped.
// Threads        a LogFunction is called on any thread of the server, and must not throw.
//
//   service.log(http::server::LogLevel::warn, "accepting pauses", {{"error", message}, {"open", 9'000}});

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace http::server {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
std::string_view to_string(LogLevel level) noexcept;
std::optional<LogLevel> parse_log_level(std::string_view text) noexcept;

// A name, made of letters and underscores, and a value. Views both.
struct LogField {
  LogField(std::string_view n, std::string_view v) noexcept : name(n), value(v) {}
  LogField(std::string_view n, const char* v) noexcept : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, const std::string& v) noexcept : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, std::integral auto v) noexcept
      : name(n), value(static_cast<std::int64_t>(v)) {}
  LogField(std::string_view n, double v) noexcept : name(n), value(v) {}

  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};

using LogFunction =
    std::function<void(LogLevel level, std::string_view event, std::initializer_list<LogField> fields)>;

// `level=info event=draining signal=15`
std::string to_text(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);
// The fields only; preceded by a space unless the line is empty.
void append_text(std::string& line, std::initializer_list<LogField> fields);
// The value of a field that is not text.
std::string number_text(const LogField& field);

}  // namespace http::server
