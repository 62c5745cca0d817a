// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads the parameters of a request's query.
//
// Guarantees     an error is one sentence that names the parameter and the allowed values, and does not quote the
//                client; the first error is kept.
// Threads        one.
// Lifetime       views the query.
//
//   http::server::Parameters parameters(exchange.query(), {"latency", "fanout"});
//   auto latency = parameters.duration("latency", 5ms, 60s);
//   if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "http/message/target.hpp"

namespace http::server {

class Parameters {
 public:
  // Unknown parameters are an error, and so are repeated ones.
  Parameters(const Query& query, std::initializer_list<std::string_view> known);

  std::string_view text(std::string_view name, std::string_view otherwise) const;
  std::chrono::nanoseconds duration(std::string_view name, std::chrono::nanoseconds otherwise,
                                    std::chrono::nanoseconds most);
  std::uint64_t size(std::string_view name, std::uint64_t otherwise, std::uint64_t most);
  int integer(std::string_view name, int otherwise, int least, int most);
  double probability(std::string_view name);  // 0 if absent

  void fail(std::string what);
  const std::string& problem() const noexcept { return problem_; }  // empty: none

 private:
  const Query& query_;
  std::string problem_;
};

}  // namespace http::server
