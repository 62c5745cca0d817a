// SPDX-License-Identifier: BSL-1.0
#include "http/server/log_event.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace http::server {
namespace {

constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info", "warn", "error", "off"};

void append_quoted(std::string& line, std::string_view value) {
  const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '='; };
  if (!value.empty() && std::ranges::all_of(value, is_plain)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (c >= ' ' && c <= '~') {
      line += c;
    } else {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  line += '"';
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  const auto* const at = std::ranges::find(level_names, text);
  if (at == level_names.end()) return std::nullopt;
  return static_cast<LogLevel>(at - level_names.begin());
}

std::string number_text(const LogField& field) {
  if (const auto* whole = std::get_if<std::int64_t>(&field.value)) return fmt::format("{}", *whole);
  return fmt::format("{:g}", std::get<double>(field.value));
}

void append_text(std::string& line, std::initializer_list<LogField> fields) {
  for (const LogField& field : fields) {
    if (!line.empty()) line += ' ';
    line.append(field.name) += '=';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      append_quoted(line, *text);
    } else {
      line += number_text(field);
    }
  }
}

std::string to_text(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line;
  append_text(line, {{"level", to_string(level)}, {"event", event}});
  append_text(line, fields);
  return line;
}

}  // namespace http::server
