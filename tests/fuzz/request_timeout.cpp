// SPDX-License-Identifier: BSL-1.0
// Deadline fields as lines of NAME:VALUE, compared with a second, slower implementation of the same rules.

#include "http/message/request_timeout.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "http/message/detail/ascii.hpp"
#include "http/message/message.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using fuzz::require;
using std::chrono::nanoseconds;

http::HeaderViews fields_of(std::string_view text) {
  http::HeaderViews headers;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto colon = std::min(line.find(':'), line.size());
    headers.add(line.substr(0, colon), http::detail::trim(line.substr(std::min(colon + 1, line.size()))));
  }
  return headers;
}

// nullopt: malformed.
std::optional<nanoseconds> reading(std::string_view value, std::size_t most_digits,
                                   long double nanoseconds_each) {
  if (value.empty() || value.size() > most_digits) return std::nullopt;
  if (value.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const long double total = static_cast<long double>(std::stoull(std::string(value))) * nanoseconds_each;
  const auto most = static_cast<long double>(nanoseconds::max().count());
  return total > most ? nanoseconds::max() : nanoseconds{static_cast<nanoseconds::rep>(total)};
}

std::optional<nanoseconds> grpc_reading(std::string_view value) {
  static const std::map<char, long double> units{{'H', 3.6e12L}, {'M', 6e10L}, {'S', 1e9L},
                                                 {'m', 1e6L},    {'u', 1e3L},  {'n', 1}};
  if (value.empty() || !units.contains(value.back())) return std::nullopt;
  return reading(value.substr(0, value.size() - 1), 8, units.at(value.back()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const http::HeaderViews headers = fields_of({reinterpret_cast<const char*>(data), size});
  const auto timeout = http::request_timeout(headers);

  const auto own = headers.find("x-request-timeout-ms");
  const auto grpc = headers.find("GRPC-Timeout");
  const auto own_time = own ? reading(*own, 10, 1e6L) : nanoseconds::max();
  const auto grpc_time = grpc ? grpc_reading(*grpc) : nanoseconds::max();
  const bool repeated = headers.count("X-Request-Timeout-Ms") > 1 || headers.count("grpc-timeout") > 1;
  const bool refused = repeated || !own_time || !grpc_time;

  require(timeout.has_value() == !refused, "what is malformed or repeated is refused, and nothing else");
  if (!timeout) {
    fuzz::require_sentence(timeout.error());
    return 0;
  }
  require(timeout->has_value() == (own || grpc), "who says nothing has no limit");
  if (*timeout) require(**timeout == std::min(*own_time, *grpc_time), "the smaller one counts");
  return 0;
}
