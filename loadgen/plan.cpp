// SPDX-License-Identifier: BSL-1.0
#include "loadgen/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "units/duration.hpp"
#include "units/number.hpp"

namespace loadgen {
namespace {

// With at most three decimal places, without trailing zeros.
std::string rate_text(double rate) {
  std::string text = units::format_fixed(rate, 3);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string stages_text(const std::vector<Stage>& stages) {
  std::vector<std::string> texts;
  for (const auto& [lasts, from, to] : stages) {
    const std::string time = units::format_duration(lasts);
    texts.push_back(from == to ? fmt::format("{} at {}", time, rate_text(from))
                               : fmt::format("{} from {} to {}", time, rate_text(from), rate_text(to)));
  }
  return fmt::format("{} per second", fmt::join(texts, ", then "));
}

}  // namespace

client::Origin Plan::origin() const {
  client::Origin origin(url);
  origin.unix_socket = unix_socket;
  return origin;
}

std::optional<std::uint64_t> Plan::requests_in_all() const {
  std::optional<std::uint64_t> all = requests;
  if (is_open() && duration) {
    const double due = *rate_asked() * units::to_seconds(*duration);
    all = std::min(all.value_or(std::numeric_limits<std::uint64_t>::max()), static_cast<std::uint64_t>(due));
  }
  return all;
}

Schedule Plan::schedule() const {
  std::vector<Stage> all = stages;
  // Without a duration the load does not end: a century is long enough, and fits into nanoseconds.
  if (all.empty()) all = {{duration.value_or(std::chrono::hours(24 * 36'500)), *rate, *rate}};
  if (warmup > leash::Duration::zero()) all.insert(all.begin(), {warmup, all[0].from, all[0].from});
  return Schedule(all, share);
}

std::string describe(const Plan& plan) {
  std::string text = !plan.stages.empty() ? "open loop, " + stages_text(plan.stages)
                     : plan.rate          ? fmt::format("open loop, {} per second", rate_text(*plan.rate))
                                          : "closed loop";
  text +=
      fmt::format(", {}{}", plan.is_open() ? "at most " : "", units::counted(plan.connections, "connection"));
  if (plan.threads > 1) text += fmt::format(" of {}", units::counted(plan.threads, "thread"));
  if (plan.spin) text += ", polling";
  if (!plan.keep_alive) text += ", each for one request";
  if (plan.messages.size() > 1)
    text += fmt::format(", {} in turn", units::counted(plan.messages.size(), "target"));
  if (plan.duration && plan.stages.empty()) text += ", for " + units::format_duration(*plan.duration);
  if (plan.requests) text += ", " + units::counted(*plan.requests, "request");
  if (plan.warmup > leash::Duration::zero())
    text += fmt::format(" after {} of warm-up", units::format_duration(plan.warmup));
  return text;
}

}  // namespace loadgen
