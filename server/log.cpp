// SPDX-License-Identifier: BSL-1.0
#include "server/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace server {
namespace {

LogFormat format_in_use = LogFormat::text;

constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info", "warn", "error", "off"};

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      break;
  }
  return spdlog::level::off;
}

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
      std::array<char, 5> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(c));
      line += escape.data();
    }
  }
  line += '"';
}

// What is not UTF-8 becomes U+FFFD, what is not ASCII \uXXXX.
std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  const auto* at = std::ranges::find(level_names, text);
  if (at == level_names.end()) return std::nullopt;
  return static_cast<LogLevel>(at - level_names.begin());
}

std::optional<LogFormat> parse_log_format(std::string_view text) noexcept {
  if (text == "text") return LogFormat::text;
  if (text == "json") return LogFormat::json;
  return std::nullopt;
}

void LogField::append_as_text(std::string& line) const {
  line += name_;
  line += '=';
  if (const auto* text = std::get_if<std::string_view>(&value_)) {
    append_quoted(line, *text);
  } else if (const auto* whole = std::get_if<std::int64_t>(&value_)) {
    line += std::to_string(*whole);
  } else {
    line += number(std::get<double>(value_));
  }
}

void LogField::append_as_json(std::string& line) const {
  line += json_string(name_) + ":";
  if (const auto* text = std::get_if<std::string_view>(&value_)) {
    line += json_string(*text);
  } else if (const auto* whole = std::get_if<std::int64_t>(&value_)) {
    line += std::to_string(*whole);
  } else {
    line += number(std::get<double>(value_));
  }
}

void open_log(LogLevel level, LogFormat format) {
  format_in_use = format;
  spdlog::set_default_logger(spdlog::stderr_logger_mt("leash-server"));
  spdlog::set_pattern(
      format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "time=%Y-%m-%dT%H:%M:%S.%eZ %v",
      spdlog::pattern_time_type::utc);
  spdlog::set_level(to_spdlog(level));
}

LogFormat log_format() noexcept { return format_in_use; }

bool is_logged(LogLevel level) noexcept { return spdlog::should_log(to_spdlog(level)); }

std::string log_fields(LogFormat format, std::initializer_list<LogField> fields) {
  std::string line;
  for (const LogField& field : fields) {
    if (!line.empty()) line += format == LogFormat::json ? ',' : ' ';
    format == LogFormat::json ? field.append_as_json(line) : field.append_as_text(line);
  }
  return line;
}

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept {
  try {
    if (!is_logged(level)) return;
    std::string line = log_fields(
        format_in_use, {{"level", level_names[static_cast<std::size_t>(level)]}, {"event", event}});
    if (fields.size() > 0) {
      line += (format_in_use == LogFormat::json ? "," : " ") + log_fields(format_in_use, fields);
    }
    spdlog::log(to_spdlog(level), "{}", line);
  } catch (...) {  // no memory: what the line tells of goes on without it
  }
}

}  // namespace server
