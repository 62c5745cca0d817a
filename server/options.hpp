// SPDX-License-Identifier: BSL-1.0
#pragma once
// The options of leash-server, from the command line or from environment variables LEASH_...
//
//   auto parsed = server::parse_options(argc, argv);
//   if (!parsed) return parsed.error();  // the exit status; the message has been written

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "http/message/target.hpp"
#include "http/server/service.hpp"
#include "server/log.hpp"
#include "server/mode.hpp"

namespace server {

// How connections reach the loops: one listener hands them out in turn, or each loop has its own listener on the same
// port.
enum class Accept : bool { turns, reuseport };

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string admin_host = "127.0.0.1";
  std::uint16_t admin_port = 8081;
  unsigned threads = 0;  // 0: one for each core
  Accept accept = Accept::turns;
  Mode mode = Mode::fixed;
  bool request_mode = true;              // whether ?mode= may choose it for one request
  std::string admin_token;               // empty: the admin listener requires no token
  std::vector<std::string> admin_names;  // host names allowed in requests to it then
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  bool healthcheck = false;  // run the command healthcheck instead of serving

  http::server::Settings serving;  // of both listeners
  std::chrono::nanoseconds drain_delay{0};
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(15);
  std::uint64_t max_connections = 10'000;

  std::optional<http::Url> upstream;  // empty: a built-in upstream that never answers
  std::chrono::nanoseconds upstream_timeout = std::chrono::seconds(1);

  std::optional<std::uint64_t>
      memory_budget;  // of all requests; empty: derived from the memory limit of the process
  std::uint64_t heap_rate =
      4096;  // bytes allocated between two samples: a leaked task of the demonstration holds 16 KiB
  std::uint64_t leak_limit = 1024ULL * 1024 * 1024;  // heap bytes; 0: off
  std::chrono::nanoseconds reap_after{0};            // 0: never
  std::uint64_t leak_payload = 16 * 1024;            // bytes that each leaked task holds
};

// Prints the help to standard output, or one line that describes an error to standard error; the result is then the exit
// status: 0 for --help and --version, 2 for invalid arguments.
std::expected<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace server
