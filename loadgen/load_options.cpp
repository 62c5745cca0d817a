// SPDX-License-Identifier: BSL-1.0
#include "loadgen/load_options.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "cli/options.hpp"
#include "client/file.hpp"
#include "client/tls.hpp"
#include "loadgen/schedule.hpp"
#include "loadgen/targets.hpp"
#include "units/number.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

std::string check_rate(const std::string& text) {
  const auto rate = units::parse_number(text);
  const bool good = rate && *rate >= 0.001 && *rate <= 1e6;
  return good ? ""
              : fmt::format("must be a number of requests per second from 0.001 to 1000000, not '{}'", text);
}

std::string check_stages(const std::string& text) {
  const auto stages = parse_stages(text);
  return stages ? "" : stages.error();
}

std::optional<double> percentage(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto value = units::parse_number(text);
  if (!value || *value < 0 || *value > 100) return std::nullopt;
  return *value / 100;
}

std::string check_percentage(const std::string& text) {
  return percentage(text) ? "" : fmt::format("must be a share from 0% to 100%, not '{}'", text);
}

}  // namespace

LoadOptions::LoadOptions(CLI::App& command) : message_(command), reach_(command) {
  auto* rate = command
                   .add_option("--rate", rate_,
                               "Open loop: send N requests per second, no matter how fast the server answers")
                   ->check(cli::check(check_rate))
                   ->type_name("N");
  auto* stages =
      command
          .add_option(
              "--stages", stages_,
              "Open loop in stages: TIME:RATE keeps a rate, TIME:FROM..TO changes it evenly, for example "
              "10s:100,30s:100..1000")
          ->check(cli::check(check_stages))
          ->type_name("STAGES")
          ->excludes(rate);
  command
      .add_option("--connections", connections_,
                  "Number of connections: the maximum in an open loop (default 64), the exact number in a "
                  "closed loop "
                  "(default 16)")
      ->check(cli::count_check(1, 20'000))
      ->type_name("N");
  command.add_option("--threads", threads_, "Number of threads that send requests (default 1)")
      ->check(cli::count_check(1, 256))
      ->type_name("N");
  duration_given_ =
      command.add_option("--duration", duration_, "Duration of the load after the warm-up (default 10s)")
          ->check(cli::duration_check(1ns))
          ->type_name("TIME")
          ->excludes(stages);
  command
      .add_option("--requests", requests_, "Stop after N requests; without --duration there is no time limit")
      ->check(cli::count_check(1, 1'000'000'000'000))
      ->type_name("N");
  warmup_given_ = command
                      .add_option("--warmup", warmup_,
                                  "Warm-up before the measurement, at the first rate (default 1s; 0 with "
                                  "--requests or --stages)")
                      ->check(cli::duration_check(0ns))
                      ->type_name("TIME");
  command.add_option("--timeout", timeout_, "Timeout of each request (default 5s)")
      ->check(cli::duration_check(1ns))
      ->type_name("TIME");
  command.add_option("--abort", abort_, "Abort this share of requests midway, for example 5%")
      ->check(cli::check(check_percentage))
      ->type_name("SHARE");
  command
      .add_option("--drain-timeout", drain_timeout_,
                  "After the load, wait at most this long until the server has settled (default 10s)")
      ->check(cli::duration_check(0ns))
      ->type_name("TIME");
  command
      .add_option("--wait", wait_,
                  "Before the load, wait at most this long until the target accepts connections (default 0)")
      ->check(cli::duration_check(0ns))
      ->type_name("TIME");
  command
      .add_option("--targets", targets_file_,
                  "Send the requests in this file in turn. Each line is a JSON object with the members "
                  "method, url, headers "
                  "and body, all optional; url is a path, or has the origin of URL")
      ->type_name("FILE");
  command.add_flag(
      "--spin", spin_,
      "Open loop: poll instead of sleeping for the last 100 us before a request is due. Each request is "
      "then sent at its own time, and uses more CPU time");
  command.add_flag("--disable-keepalive", no_keep_alive_, "Open a new connection for each request");
}

std::expected<Plan, std::string> LoadOptions::make_plan(http::Url url) const {
  Plan plan(std::move(url));
  if (!rate_.empty()) plan.rate = units::parse_number(rate_);
  if (!stages_.empty()) plan.stages = *parse_stages(stages_);
  plan.connections = !connections_.empty() ? *units::parse_count(connections_) : plan.is_open() ? 64 : 16;
  plan.threads = *units::parse_count(threads_);
  if (!requests_.empty()) plan.requests = units::parse_count(requests_);
  if (!plan.stages.empty()) {
    plan.duration = length_of(plan.stages);
  } else if (!plan.requests || duration_given_->count() > 0) {
    plan.duration = cli::duration_of(duration_);
  }
  const bool no_warmup = (plan.requests || !plan.stages.empty()) && warmup_given_->count() == 0;
  plan.warmup = no_warmup ? leash::Duration::zero() : cli::duration_of(warmup_);
  plan.timeout = cli::duration_of(timeout_);
  plan.abort_share = *percentage(abort_);
  plan.keep_alive = !no_keep_alive_;
  plan.spin = spin_;
  if (plan.spin && !plan.is_open()) return std::unexpected("--spin needs --rate or --stages");
  plan.unix_socket = reach_.unix_socket();
  if (auto wrong = add_messages(plan)) return std::unexpected(*std::move(wrong));
  if (!plan.url.tls) return plan;
  auto tls = client::TlsContext::make(reach_.tls());
  if (!tls) return std::unexpected(tls.error());
  plan.tls = *std::move(tls);
  return plan;
}

leash::Duration LoadOptions::drain_timeout() const { return cli::duration_of(drain_timeout_); }
leash::Duration LoadOptions::wait() const { return cli::duration_of(wait_); }

std::optional<std::string> LoadOptions::add_messages(Plan& plan) const {
  auto message = message_.parse(plan.url);
  if (!message) return message.error();
  if (targets_file_.empty()) {
    plan.messages.push_back(*std::move(message));
    return {};
  }
  const auto text = client::read_file(targets_file_);
  if (!text) return "--targets: " + text.error();
  auto messages = parse_targets(*text, plan.url, *message);
  if (!messages) return fmt::format("--targets: {}{}", targets_file_, messages.error());
  plan.messages = *std::move(messages);
  return {};
}

}  // namespace loadgen
