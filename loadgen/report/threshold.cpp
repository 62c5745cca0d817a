// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/threshold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <tuple>
#include <utility>

#include "loadgen/report/report.hpp"
#include "units/duration.hpp"
#include "units/number.hpp"
#include "units/size.hpp"

namespace loadgen {
namespace {

using Metric = Threshold::Metric;
using Operator = Threshold::Operator;

constexpr std::string_view form =
    "is not METRIC OPERATOR VALUE, such as p99<50ms, errors<1%, rate>=95% or leaked<=0";

// The kind of value that a metric is compared with.
enum class LimitUnit : std::uint8_t { time, number, number_or_share, size };

struct Known {
  std::string_view name;
  Metric metric;
  LimitUnit unit;
};
constexpr std::array known{Known{"min", Metric::min, LimitUnit::time},
                           Known{"mean", Metric::mean, LimitUnit::time},
                           Known{"max", Metric::max, LimitUnit::time},
                           Known{"errors", Metric::errors, LimitUnit::number_or_share},
                           Known{"ok", Metric::ok, LimitUnit::number_or_share},
                           Known{"rate", Metric::rate, LimitUnit::number_or_share},
                           Known{"requests", Metric::requests, LimitUnit::number},
                           Known{"leaked", Metric::leaked, LimitUnit::number},
                           Known{"contexts", Metric::contexts, LimitUnit::number},
                           Known{"timers", Metric::timers, LimitUnit::number},
                           Known{"memory", Metric::memory, LimitUnit::size}};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "p99" and "p99.9"; "p999" is the latter, too. (Not p100: that is max.)
std::optional<double> quantile_of(std::string_view name) {
  if (!name.starts_with('p') || name.size() < 2 || name.size() > 9) return std::nullopt;
  std::string digits(name.substr(1));
  if (digits.find_first_not_of("0123456789.") != std::string::npos || digits.ends_with('.'))
    return std::nullopt;
  if (digits.size() > 2 && digits.starts_with("99") && digits.find('.') == std::string::npos)
    digits.insert(2, ".");
  const auto percent = units::parse_number(digits);
  if (!percent || *percent <= 0 || *percent >= 100) return std::nullopt;
  return *percent / 100;
}

// The limit, and whether it is a percentage.
std::expected<std::pair<double, bool>, std::string> parse_limit(std::string_view text, LimitUnit unit) {
  switch (unit) {
    case LimitUnit::time: {
      const auto time = units::parse_duration(text);
      if (!time) return std::unexpected(time.error());
      return std::pair(std::chrono::duration<double>(*time).count(), false);
    }
    case LimitUnit::size: {
      const auto bytes = units::parse_size(text);
      if (!bytes) return std::unexpected(bytes.error());
      return std::pair(static_cast<double>(*bytes), false);
    }
    case LimitUnit::number:
    case LimitUnit::number_or_share:
      break;
  }
  const bool share = unit == LimitUnit::number_or_share && text.ends_with('%');
  const auto number = units::parse_number(share ? text.substr(0, text.size() - 1) : text);
  if (!number || *number < 0) {
    return std::unexpected(fmt::format("'{}' is not a number{}", text,
                                       unit == LimitUnit::number_or_share ? " or a share such as 1%" : ""));
  }
  return std::pair(share ? *number / 100 : *number, share);
}

// The worse value of all requests and of those with a 2xx response. So fast refusals cannot hide slow answers, and fast
// answers cannot hide timeouts.
template <class Read>
std::optional<double> latency_of(const Threshold& threshold, const RunResult& result, Read read) {
  if (result.latency.count() == 0 || result.ok_latency.count() == 0) return std::nullopt;
  const double all = units::to_seconds(read(result.latency));
  const double ok = units::to_seconds(read(result.ok_latency));
  const bool upper = threshold.comparison == Operator::less || threshold.comparison == Operator::at_most;
  return upper ? std::max(all, ok) : std::min(all, ok);
}

std::optional<double> count_or_share(std::int64_t count, bool share, std::int64_t of) {
  if (!share) return static_cast<double>(count);
  if (of == 0) return std::nullopt;
  return static_cast<double>(count) / static_cast<double>(of);
}

std::optional<double> value_of(const Threshold& threshold, const RunResult& result) {
  const Judgement& judgement = result.judgement;
  const auto per_request = [&](std::int64_t count) -> std::optional<double> {
    if (!judgement.leaked_per_request) return std::nullopt;
    return static_cast<double>(count) / static_cast<double>(judgement.requests_seen);
  };
  switch (threshold.metric) {
    case Metric::quantile:
      return latency_of(threshold, result,
                        [&](const Histogram& h) { return h.at_quantile(threshold.quantile); });
    case Metric::min:
      return latency_of(threshold, result, [](const Histogram& h) { return h.min(); });
    case Metric::mean:
      return latency_of(threshold, result, [](const Histogram& h) { return h.mean(); });
    case Metric::max:
      return latency_of(threshold, result, [](const Histogram& h) { return h.max(); });
    case Metric::errors:
      return count_or_share(result.requests.errors, threshold.share, result.requests.sent);
    case Metric::ok:
      return count_or_share(result.requests.ok, threshold.share, result.requests.sent);
    case Metric::rate:
      if (!threshold.share) return result.rate_reached;
      if (!result.rate_asked || *result.rate_asked == 0) return std::nullopt;
      return share_of_rate(result);
    case Metric::requests:
      return static_cast<double>(result.requests.sent);
    case Metric::leaked:
      return judgement.leaked_per_request;
    case Metric::contexts:
      return per_request(judgement.contexts_left);
    case Metric::timers:
      return per_request(judgement.timers_left);
    case Metric::memory:
      return judgement.bytes_per_request;
  }
  return std::nullopt;
}

// 0.7 / 100 and 7 / 1000 should be equal, but are not.
bool holds(double value, Operator comparison, double limit) {
  if (std::abs(value - limit) <= 1e-12 * std::abs(limit)) value = limit;
  switch (comparison) {
    case Operator::less:
      return value < limit;
    case Operator::at_most:
      return value <= limit;
    case Operator::more:
      return value > limit;
    case Operator::at_least:
      return value >= limit;
  }
  return false;
}

std::string show(const Threshold& threshold, const std::optional<double>& value) {
  if (!value) return "not known";
  switch (threshold.metric) {
    case Metric::quantile:
    case Metric::min:
    case Metric::mean:
    case Metric::max:
      return units::rounded_duration(units::from_seconds(*value));
    case Metric::memory:
      return units::rounded_size(std::llround(*value));
    case Metric::leaked:
    case Metric::contexts:
    case Metric::timers:
      return units::format_fixed(*value, 3) + " per request";
    case Metric::rate:
      return threshold.share ? units::format_fixed(*value * 100, 1) + "%"
                             : units::format_fixed(*value, 1) + " per second";
    case Metric::errors:
    case Metric::ok:
    case Metric::requests:
      break;
  }
  return threshold.share ? units::format_fixed(*value * 100, 2) + "%"
                         : units::format_count(std::llround(*value));
}

}  // namespace

std::expected<Threshold, std::string> parse_threshold(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(fmt::format("'{}' {}", text, why));
  };
  const auto at = text.find_first_of("<>");
  if (at == std::string_view::npos) return refuse(form);
  const bool equal = text.substr(at + 1).starts_with('=');
  const auto name = trimmed(text.substr(0, at));
  const auto value = trimmed(text.substr(at + (equal ? 2 : 1)));
  if (name.empty() || value.empty()) return refuse(form);

  Threshold threshold;
  LimitUnit unit = LimitUnit::time;
  if (const auto quantile = quantile_of(name)) {
    threshold.quantile = *quantile;
  } else {
    const auto* found = std::ranges::find(known, name, &Known::name);
    if (found == known.end()) {
      std::string names = "p50, p99.9 and so on";
      for (const Known& each : known) names += ", " + std::string(each.name);
      return refuse("does not begin with a metric: " + names);
    }
    threshold.metric = found->metric;
    unit = found->unit;
  }
  const auto limit = parse_limit(value, unit);
  if (!limit) return std::unexpected(fmt::format("{}: {}", name, limit.error()));
  std::tie(threshold.limit, threshold.share) = *limit;
  const bool less = text[at] == '<';
  threshold.comparison =
      less ? (equal ? Operator::at_most : Operator::less) : (equal ? Operator::at_least : Operator::more);
  threshold.text = fmt::format("{}{}{}{}", name, text[at], equal ? "=" : "", value);
  return threshold;
}

ThresholdOutcome check(const Threshold& threshold, const RunResult& result) {
  const auto value = value_of(threshold, result);
  return {.text = threshold.text,
          .value = value,
          .shown = show(threshold, value),
          .met = value && holds(*value, threshold.comparison, threshold.limit)};
}

bool is_hopeless(const Threshold& threshold, const RunResult& so_far,
                 std::optional<std::uint64_t> requests_in_all) {
  const bool upper = threshold.comparison == Operator::less || threshold.comparison == Operator::at_most;
  const auto all = static_cast<double>(requests_in_all.value_or(0));
  // The number of requests that is this share of all.
  const auto exceeds = [&](double count, double share) { return requests_in_all && count > share * all; };
  switch (threshold.metric) {
    case Metric::max:
      return upper && so_far.latency.count() > 0 && !check(threshold, so_far).met &&
             so_far.ok_latency.count() > 0;
    case Metric::quantile: {
      const auto above = static_cast<double>(
          so_far.latency.count() - so_far.latency.count_at_most(units::from_seconds(threshold.limit)));
      return upper && exceeds(above, 1 - threshold.quantile);
    }
    case Metric::errors:
      if (!upper) return false;
      return threshold.share ? exceeds(static_cast<double>(so_far.requests.errors), threshold.limit)
                             : static_cast<double>(so_far.requests.errors) > threshold.limit;
    case Metric::ok:
      return !upper && threshold.share &&
             exceeds(static_cast<double>(so_far.requests.errors), 1 - threshold.limit);
    default:
      return false;
  }
}

}  // namespace loadgen
