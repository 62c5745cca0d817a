// SPDX-License-Identifier: BSL-1.0
#include "server/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace server {
namespace {

LogFormat format_in_use = LogFormat::text;

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

// What is not UTF-8 becomes U+FFFD, what is not ASCII \uXXXX.
std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

void append_json(std::string& line, std::initializer_list<LogField> fields) {
  for (const LogField& field : fields) {
    if (!line.empty()) line += ',';
    const auto* text = std::get_if<std::string_view>(&field.value);
    line += json_string(field.name) + ":" + (text ? json_string(*text) : number_text(field));
  }
}

void append(std::string& line, LogFormat format, std::initializer_list<LogField> fields) {
  format == LogFormat::json ? append_json(line, fields) : append_text(line, fields);
}

}  // namespace

std::optional<LogFormat> parse_log_format(std::string_view text) noexcept {
  if (text == "text") return LogFormat::text;
  if (text == "json") return LogFormat::json;
  return std::nullopt;
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
  append(line, format, fields);
  return line;
}

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept {
  try {
    if (!is_logged(level)) return;
    std::string line;
    append(line, format_in_use, {{"level", to_string(level)}, {"event", event}});
    append(line, format_in_use, fields);
    spdlog::log(to_spdlog(level), "{}", line);
  } catch (...) {  // no memory: what the line tells of goes on without it
  }
}

}  // namespace server
