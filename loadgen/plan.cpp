// SPDX-License-Identifier: BSL-1.0
#include "loadgen/plan.hpp"

#include "units/duration.hpp"
#include "units/text.hpp"

namespace loadgen {
namespace {

// With as many digits as it has, three at most.
std::string rate_text(double rate) {
  std::string text = format_fixed(rate, 3);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string stages_text(const std::vector<Stage>& stages) {
  std::string text;
  for (const Stage& stage : stages) {
    text += (text.empty() ? "" : ", then ") + http::format_duration(stage.lasts);
    text += stage.from == stage.to ? " at " + rate_text(stage.from)
                                   : " from " + rate_text(stage.from) + " to " + rate_text(stage.to);
  }
  return text + " a second";
}

}  // namespace

Schedule Plan::schedule() const {
  std::vector<Stage> all = stages;
  // Without a duration there is no end; a century of nanoseconds is a number like any other.
  if (all.empty()) all = {{duration.value_or(std::chrono::hours(24 * 36'500)), *rate, *rate}};
  if (warmup > leash::Duration::zero()) all.insert(all.begin(), {warmup, all[0].from, all[0].from});
  return Schedule(all);
}

std::string describe(const Plan& plan) {
  const auto connections = format_count(static_cast<std::int64_t>(plan.connections));
  std::string text = !plan.stages.empty() ? "open loop, " + stages_text(plan.stages)
                     : plan.rate          ? "open loop, " + rate_text(*plan.rate) + " a second"
                                          : "closed loop";
  text += (plan.is_open() ? " over at most " : " over ") + connections + " connections";
  if (plan.duration && plan.stages.empty()) text += ", for " + http::format_duration(*plan.duration);
  if (plan.requests) text += ", " + format_count(static_cast<std::int64_t>(*plan.requests)) + " requests";
  if (plan.warmup > leash::Duration::zero())
    text += " after a warm-up of " + http::format_duration(plan.warmup);
  return text;
}

}  // namespace loadgen
