// SPDX-License-Identifier: BSL-1.0
#pragma once
// What leash-server can be told, by options or by environment variables LEASH_...
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

// How clients reach the loops: one listener hands them out in turn, or each loop has a listener of its own on the
// same port.
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
  std::string admin_token;               // empty: the admin listener wants none
  std::vector<std::string> admin_names;  // by which it may be asked then
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  bool healthcheck = false;  // asks a running server instead of being one

  http::server::Settings serving;  // both listeners
  std::chrono::nanoseconds drain_delay{0};
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(15);
  std::uint64_t max_connections = 10'000;

  std::optional<http::Url> upstream;  // none: one that never answers
  std::chrono::nanoseconds upstream_timeout = std::chrono::seconds(1);

  std::optional<std::uint64_t> memory_budget;  // of all requests; none: by what the process may have
  std::uint64_t heap_rate =
      4096;  // bytes allocated between two samples: a leaked task of the demonstration holds 16 KiB
  std::uint64_t leak_limit = 1024ULL * 1024 * 1024;  // bytes of the heap; 0: off
  std::chrono::nanoseconds reap_after{0};            // 0: never
  std::uint64_t leak_payload = 16 * 1024;            // bytes that a leaked task holds
};

// Writes help to standard output, or one line about what is wrong to standard error, and gives the exit
// status then: 0 for --help and --version, 2 for a usage error.
std::expected<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace server
