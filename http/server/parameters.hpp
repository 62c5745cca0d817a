// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads the parameters of a request's query.
//
// Guarantees     what is wrong is said in one sentence that names the parameter and what is allowed, and
//                quotes nothing that the client sent; the first problem is kept.
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
  // Others than these are a problem, and so is one that is given twice.
  Parameters(const Query& query, std::initializer_list<std::string_view> known);

  std::string_view text(std::string_view name, std::string_view otherwise) const;
  std::chrono::nanoseconds duration(std::string_view name, std::chrono::nanoseconds otherwise,
                                    std::chrono::nanoseconds most);
  std::uint64_t size(std::string_view name, std::uint64_t otherwise, std::uint64_t most);
  int integer(std::string_view name, int otherwise, int least, int most);
  double probability(std::string_view name);  // 0 when it is not given

  void fail(std::string what);
  const std::string& problem() const noexcept { return problem_; }  // empty: none

 private:
  const Query& query_;
  std::string problem_;
};

}  // namespace http::server
