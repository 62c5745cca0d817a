// SPDX-License-Identifier: BSL-1.0
#include "loadgen/load_options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "units/duration.hpp"
#include "units/text.hpp"

namespace loadgen {
namespace {

// CLI11 prints what a check says after the name of the option.
std::string check_duration(const std::string& text, bool zero_allowed) {
  const auto parsed = http::parse_duration(text);
  if (!parsed) return parsed.error();
  if (!zero_allowed && *parsed == std::chrono::nanoseconds::zero()) return "has to be more than 0";
  if (*parsed > std::chrono::hours(24 * 365)) return "has to be at most a year";
  return {};
}

CLI::Validator duration_check(bool zero_allowed) {
  return {[zero_allowed](std::string& text) { return check_duration(text, zero_allowed); }, ""};
}

std::string check_rate(const std::string& text) {
  const auto rate = parse_number(text);
  const bool good = rate && *rate >= 0.001 && *rate <= 1e6;
  return good ? "" : "takes a number of requests a second, 0.001 to 1000000, not '" + text + "'";
}

std::string check_stages(const std::string& text) {
  const auto stages = parse_stages(text);
  return stages ? "" : stages.error();
}

std::string check_count(const std::string& text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= most;
  return good ? "" : "takes a whole number from 1 to " + std::to_string(most) + ", not '" + text + "'";
}

std::optional<double> percentage(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto value = parse_number(text);
  if (!value || *value < 0 || *value > 100) return std::nullopt;
  return *value / 100;
}

std::string check_percentage(const std::string& text) {
  return percentage(text) ? "" : "takes a share from 0% to 100%, not '" + text + "'";
}

leash::Duration duration_of(const std::string& checked) {
  return std::chrono::duration_cast<leash::Duration>(*http::parse_duration(checked));
}

}  // namespace

void LoadOptions::add_to(CLI::App& command) {
  auto* rate =
      command.add_option("--rate", rate_, "open loop: so many requests a second, whatever the server does")
          ->check(check_rate)
          ->type_name("N");
  auto* stages =
      command
          .add_option("--stages", stages_,
                      "open loop in stages: TIME:RATE keeps a rate, TIME:FROM..TO changes it evenly, as in "
                      "10s:100,30s:100..1000")
          ->check(check_stages)
          ->type_name("STAGES")
          ->excludes(rate);
  command
      .add_option("--connections", connections_,
                  "at most so many (default 64); in a closed loop exactly (16)")
      ->check([](const std::string& text) { return check_count(text, 20'000); })
      ->type_name("N");
  duration_given_ =
      command.add_option("--duration", duration_, "of the load, after the warm-up (default 10s)")
          ->check(duration_check(false))
          ->type_name("TIME")
          ->excludes(stages);
  command.add_option("--requests", requests_, "end after so many; without --duration, no other limit")
      ->check([](const std::string& text) { return check_count(text, 1'000'000'000'000); })
      ->type_name("N");
  warmup_given_ =
      command
          .add_option("--warmup", warmup_,
                      "sent at the first rate, but not in the figures (default 1s; with --requests or "
                      "--stages 0)")
          ->check(duration_check(true))
          ->type_name("TIME");
  command.add_option("--timeout", timeout_, "for each request (default 5s)")
      ->check(duration_check(false))
      ->type_name("TIME");
  command.add_option("--abort", abort_, "clients that leave in the middle: a share such as 5%")
      ->check(check_percentage)
      ->type_name("SHARE");
  command
      .add_option("--drain-timeout", drain_timeout_,
                  "wait so long for the server to come to rest (default 10s)")
      ->check(duration_check(true))
      ->type_name("TIME");
}

Plan LoadOptions::make_plan(http::Url url) const {
  Plan plan(std::move(url));
  if (!rate_.empty()) plan.rate = parse_number(rate_);
  if (!stages_.empty()) plan.stages = *parse_stages(stages_);
  plan.connections = !connections_.empty() ? std::stoull(connections_) : plan.is_open() ? 64 : 16;
  if (!requests_.empty()) plan.requests = std::stoull(requests_);
  if (!plan.stages.empty()) {
    plan.duration = length_of(plan.stages);
  } else if (!plan.requests || duration_given_->count() > 0) {
    plan.duration = duration_of(duration_);
  }
  const bool no_warmup = (plan.requests || !plan.stages.empty()) && warmup_given_->count() == 0;
  plan.warmup = no_warmup ? leash::Duration::zero() : duration_of(warmup_);
  plan.timeout = duration_of(timeout_);
  plan.abort_share = *percentage(abort_);
  return plan;
}

leash::Duration LoadOptions::drain_timeout() const { return duration_of(drain_timeout_); }

}  // namespace loadgen
