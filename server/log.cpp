// SPDX-License-Identifier: BSL-1.0
#include "server/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "server/log_writer.hpp"

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

// Bytes that are not UTF-8 become U+FFFD; characters that are not ASCII become \uXXXX.
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

// Never destroyed, because threads may log until the process has ended.
LogWriter* writer = nullptr;

class WriterSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (!writer->write({line.data(), line.size()})) return;
    const std::uint64_t lost = writer->dropped();
    if (lost == told_) return;
    const std::uint64_t more = lost - std::exchange(told_, lost);
    const std::string text = [more] {
      std::string of;
      append(of, format_in_use, {{"level", "warn"}, {"event", "log lines were dropped"}, {"count", more}});
      return of;
    }();
    line.clear();
    formatter_->format(spdlog::details::log_msg("", spdlog::level::warn, text), line);
    (void)writer->write({line.data(), line.size()});
  }
  void flush_() override {}

 private:
  std::uint64_t told_ = 0;
};

// How many events of one name were logged in the current ten seconds.
struct Allowance {
  std::chrono::steady_clock::time_point since;
  int left = 0;
  std::uint64_t suppressed = 0;
};

constexpr int most_alike = 20;
constexpr std::chrono::seconds allowance_time{10};

// How many events were suppressed before this one; nothing if this one is suppressed too.
std::optional<std::uint64_t> allowed(std::string_view event) {
  static std::mutex mutex;
  static std::map<std::string, Allowance, std::less<>> allowances;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex);
  auto at = allowances.find(event);
  if (at == allowances.end()) at = allowances.emplace(event, Allowance{now, most_alike}).first;
  Allowance& allowance = at->second;
  if (now - allowance.since >= allowance_time) {
    allowance.since = now;
    allowance.left = most_alike;
  }
  if (allowance.left == 0) {
    ++allowance.suppressed;
    return std::nullopt;
  }
  --allowance.left;
  return std::exchange(allowance.suppressed, 0);
}

void write_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields,
                 std::uint64_t suppressed) noexcept {
  try {
    std::string line;
    append(line, format_in_use, {{"level", to_string(level)}, {"event", event}});
    append(line, format_in_use, fields);
    if (suppressed > 0) append(line, format_in_use, {{"suppressed", suppressed}});
    spdlog::log(to_spdlog(level), "{}", line);
  } catch (...) {  // no memory: the line is lost, the operation goes on
  }
}

}  // namespace

std::optional<LogFormat> parse_log_format(std::string_view text) noexcept {
  if (text == "text") return LogFormat::text;
  if (text == "json") return LogFormat::json;
  return std::nullopt;
}

void open_log(LogLevel level, LogFormat format) {
  format_in_use = format;
  if (!writer) writer = new LogWriter(STDERR_FILENO);
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("leash-server", std::make_shared<WriterSink>()));
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
  if (is_logged(level)) write_event(level, event, fields, 0);
}

void log_limited(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept {
  if (!is_logged(level)) return;
  std::optional<std::uint64_t> suppressed = 0;
  try {
    if (level >= LogLevel::warn) suppressed = allowed(event);
  } catch (...) {  // no memory to count it: log it
  }
  if (suppressed) write_event(level, event, fields, *suppressed);
}

void log_text(std::string_view text) noexcept {
  try {
    if (writer) (void)writer->write(text);
  } catch (...) {  // no memory: the text is lost
  }
}

void close_log() noexcept {
  try {
    if (writer) (void)writer->flush(std::chrono::seconds(1));
  } catch (...) {  // best effort at the end of the process
  }
}

std::uint64_t log_lines_dropped() noexcept { return writer ? writer->dropped() : 0; }

}  // namespace server
