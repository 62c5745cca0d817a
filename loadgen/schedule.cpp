// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "units/duration.hpp"
#include "units/number.hpp"

namespace loadgen {
namespace {

constexpr double highest_rate = 1e6;
constexpr leash::Duration longest = std::chrono::hours(24 * 365);
constexpr std::size_t most_stages = 100;

// Areas are sums of products of doubles, so a whole number may be missed by this much.
constexpr double rounding_tolerance = 1e-6;

std::optional<double> parse_rate(std::string_view text) {
  const auto rate = units::parse_number(text);
  if (!rate || *rate < 0 || *rate > highest_rate) return std::nullopt;
  return rate;
}

std::expected<Stage, std::string> parse_stage(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(fmt::format("'{}' {}", text, why));
  };
  const auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return refuse("is not a stage: use TIME:RATE or TIME:FROM..TO, such as 10s:100 or 30s:100..1000");
  const auto lasts = units::parse_duration(text.substr(0, colon));
  if (!lasts) return std::unexpected(lasts.error());
  if (*lasts == leash::Duration::zero()) return refuse("has no duration");
  if (*lasts > longest) return refuse("lasts more than a year");
  const auto rates = text.substr(colon + 1);
  const auto dots = rates.find("..");
  const auto from = parse_rate(rates.substr(0, dots));
  const auto to = dots == std::string_view::npos ? from : parse_rate(rates.substr(dots + 2));
  if (!from || !to)
    return refuse("has no valid rate: use RATE or FROM..TO, each from 0 to 1000000 requests per second");
  return Stage{.lasts = std::chrono::duration_cast<leash::Duration>(*lasts), .from = *from, .to = *to};
}

double requests_of(const Stage& stage) {
  return std::chrono::duration<double>(stage.lasts).count() * (stage.from + stage.to) / 2;
}

}  // namespace

Schedule::Schedule(const std::vector<Stage>& stages, Share share) : share_(share) {
  double begins = 0;
  double requests = 0;
  for (const Stage& stage : stages) {
    const auto lasts = static_cast<double>(stage.lasts.count());
    const double until = requests + requests_of(stage);
    parts_.push_back({begins, lasts, stage.from / 1e9, stage.to / 1e9, requests, until});
    begins += lasts;
    requests = until;
  }
}

std::optional<leash::Duration> Schedule::due(std::uint64_t request) const noexcept {
  const auto number = static_cast<double>(share_.first + request * share_.step);
  const auto part = std::ranges::find_if(
      parts_, [&](const Part& p) { return number < p.requests_until - rounding_tolerance; });
  if (part == parts_.end()) return std::nullopt;
  const double area = std::max(0.0, number - part->requests_before);
  // from·t + slope·t²/2 = area; this form loses no precision when the slope is small.
  const double slope = (part->to - part->from) / part->lasts;
  const double root = std::sqrt(std::max(0.0, part->from * part->from + 2 * slope * area));
  const double within = area > 0 ? 2 * area / (part->from + root) : 0;
  return leash::Duration(std::llround(part->begins + std::min(within, part->lasts)));
}

double Schedule::all_before(leash::Duration since_start) const noexcept {
  const auto at = static_cast<double>(since_start.count());
  double requests = 0;
  for (const Part& part : parts_) {
    const double within = std::clamp(at - part.begins, 0.0, part.lasts);
    requests += within * (part.from + (part.to - part.from) * within / part.lasts / 2);
  }
  return requests;
}

double Schedule::requests_before(leash::Duration since_start) const noexcept {
  const double beyond_first = all_before(since_start) - static_cast<double>(share_.first);
  const auto step = static_cast<double>(share_.step);
  return std::max(0.0, (beyond_first + step - 1) / step);
}

std::optional<double> Schedule::rate_between(leash::Duration from, leash::Duration to) const noexcept {
  if (to <= from) return std::nullopt;
  return (all_before(to) - all_before(from)) / units::to_seconds(to - from) /
         static_cast<double>(share_.step);
}

double Schedule::rate_at(leash::Duration since_start) const noexcept {
  const auto at = static_cast<double>(since_start.count());
  for (const Part& part : parts_) {
    const double within = at - part.begins;
    if (within >= 0 && within < part.lasts)
      return 1e9 * (part.from + (part.to - part.from) * within / part.lasts) /
             static_cast<double>(share_.step);
  }
  return 0;
}

std::expected<std::vector<Stage>, std::string> parse_stages(std::string_view text) {
  std::vector<Stage> stages;
  for (bool last = false; !last;) {
    const auto comma = text.find(',');
    last = comma == std::string_view::npos;
    auto stage = parse_stage(text.substr(0, comma));
    if (!stage) return std::unexpected(stage.error());
    stages.push_back(*stage);
    text.remove_prefix(last ? text.size() : comma + 1);
  }
  if (stages.size() > most_stages) return std::unexpected("at most 100 stages");
  if (length_of(stages) > longest) return std::unexpected("together they last more than a year");
  if (mean_rate_of(stages) == 0) return std::unexpected("no stage has a rate greater than 0");
  return stages;
}

leash::Duration length_of(const std::vector<Stage>& stages) noexcept {
  leash::Duration sum{};
  for (const Stage& stage : stages) sum += stage.lasts;
  return sum;
}

double mean_rate_of(const std::vector<Stage>& stages) noexcept {
  double requests = 0;
  for (const Stage& stage : stages) requests += requests_of(stage);
  const double seconds = std::chrono::duration<double>(length_of(stages)).count();
  return seconds > 0 ? requests / seconds : 0;
}

}  // namespace loadgen
