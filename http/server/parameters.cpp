// SPDX-License-Identifier: BSL-1.0
#include "http/server/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "units/duration.hpp"
#include "units/size.hpp"

namespace http::server {

Parameters::Parameters(const Query& query, std::initializer_list<std::string_view> known) : query_(query) {
  for (const std::string_view name : known) {
    if (query.count(name) > 1) fail(fmt::format("{} must not be given more than once.", name));
  }
  for (const auto& parameter : query) {
    if (std::find(known.begin(), known.end(), parameter.name) != known.end()) continue;
    fail(fmt::format("A parameter of the query is unknown; allowed are {}.", fmt::join(known, ", ")));
  }
}

std::string_view Parameters::text(std::string_view name, std::string_view otherwise) const {
  return query_.find(name).value_or(otherwise);
}

std::chrono::nanoseconds Parameters::duration(std::string_view name, std::chrono::nanoseconds otherwise,
                                              std::chrono::nanoseconds most) {
  const auto given = query_.find(name);
  if (!given) return otherwise;
  const auto value = units::parse_duration(*given);
  if (value && *value <= most) return *value;
  fail(fmt::format("{} must be a duration from 0 to {}, such as 5ms.", name, units::format_duration(most)));
  return otherwise;
}

std::uint64_t Parameters::size(std::string_view name, std::uint64_t otherwise, std::uint64_t most) {
  const auto given = query_.find(name);
  if (!given) return otherwise;
  const auto value = units::parse_size(*given);
  if (value && *value <= most) return *value;
  fail(fmt::format("{} must be a size from 0 to {}, such as 16KiB.", name, units::format_size(most)));
  return otherwise;
}

int Parameters::integer(std::string_view name, int otherwise, int least, int most) {
  const auto given = query_.find(name);
  if (!given) return otherwise;
  int value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error == std::errc() && end == given->data() + given->size() && value >= least && value <= most)
    return value;
  fail(fmt::format("{} must be a whole number from {} to {}.", name, least, most));
  return otherwise;
}

double Parameters::probability(std::string_view name) {
  const auto given = query_.find(name);
  if (!given) return 0;
  double value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error == std::errc() && end == given->data() + given->size() && value >= 0 && value <= 1) return value;
  fail(std::string(name) + " must be a probability from 0 to 1, such as 0.1.");
  return 0;
}

void Parameters::fail(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
}

}  // namespace http::server
