// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "units/duration.hpp"
#include "units/number.hpp"

namespace loadgen {
namespace {

constexpr double nearly_all = 0.95;                      // of a processor's time
constexpr std::chrono::milliseconds worth_telling{100};  // of delay
constexpr double enough_of_the_rate = 0.99;

}  // namespace

std::vector<std::string> all_notes(const RunResult& result) {
  const OwnLimits& own = result.own;
  std::vector<std::string> notes;
  const auto add = [&]<class... Values>(fmt::format_string<Values...> text, Values&&... values) {
    notes.push_back(fmt::format(text, std::forward<Values>(values)...));
  };
  const auto requests = [](std::int64_t count) {
    return units::counted(static_cast<std::uint64_t>(count), "request");
  };
  if (result.elapsed.count() > 0 && result.rate_asked.value_or(0) > 0 &&
      share_of_rate(result) < enough_of_the_rate) {
    add("The rate was not reached: {} of {} per second; {} {} due but had not been sent at the end.",
        units::format_fixed(result.rate_reached, 1), units::format_fixed(*result.rate_asked, 1),
        requests(result.unsent), result.unsent == 1 ? "was" : "were");
  }
  if (own.waited * 100 > result.requests.sent) {
    add("{} waited for a free connection (in line, p99: {}); raise --connections.", requests(own.waited),
        units::rounded_duration(result.in_line.at_quantile(0.99)));
  }
  if (own.no_descriptors > 0) {
    add("Limit of the load generator: {} could not be sent for lack of file descriptors (ulimit -n). They "
        "do not count as errors of the server.",
        requests(own.no_descriptors));
  }
  if (own.no_ports > 0) {
    add("Limit of the load generator: {} could not be sent for lack of local ports "
        "(net.ipv4.ip_local_port_range). They do not count as errors of the server.",
        requests(own.no_ports));
  }
  if (own.processor_share.value_or(0) >= nearly_all) {
    add("Limit of the load generator: it used {}% of its processor, which adds to the latencies; raise "
        "--threads.",
        units::format_fixed(*own.processor_share * 100, 0));
  }
  if (own.held_up > worth_telling) {
    add("The load generator itself was delayed by up to {}, which adds to the latencies.",
        units::rounded_duration(own.held_up));
  }
  if (own.stopped) add("The load was stopped by a signal after {}.", units::rounded_duration(result.elapsed));
  notes.insert(notes.end(), result.notes.begin(), result.notes.end());
  return notes;
}

double share_of_rate(const RunResult& result) noexcept {
  const double share = result.rate_reached / *result.rate_asked;
  const double due = *result.rate_asked * units::to_seconds(result.elapsed);
  // The number of due requests may have a fraction, for which no request is sent: less than one per run.
  const bool all_sent = result.unsent == 0 &&
                        due - static_cast<double>(result.requests.sent) < static_cast<double>(result.runs);
  return all_sent ? std::max(share, 1.0) : share;
}

std::string format_time(std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (milliseconds - seconds).count());
}

}  // namespace loadgen
