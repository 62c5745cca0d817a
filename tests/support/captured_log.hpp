// SPDX-License-Identifier: BSL-1.0
#pragma once
// The log of server code that runs in the test's own process.
//
//   support::CapturedLog log;
//   ...
//   EXPECT_TRUE(log.has("event=request"));

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace support {

class CapturedLog {
 public:
  CapturedLog() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "captured", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_)));
    spdlog::set_pattern("%v");
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;
  ~CapturedLog() { spdlog::set_default_logger(before_); }

  std::string text() const { return lines_.str(); }
  bool has(std::string_view part) const { return text().find(part) != std::string::npos; }
  void clear() { lines_.str(""); }

 private:
  std::ostringstream lines_;
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace support
