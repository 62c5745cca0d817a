// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_reader.hpp"
#include "http/message/json.hpp"

#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

namespace loadgen {
namespace {

using Json = nlohmann::ordered_json;

// Everything below throws what nlohmann::json throws, or this; read_report() alone catches.
struct NotAReport {
  std::string why;
};

template <class T>
std::optional<T> optional_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<T>();
}

std::int64_t count_of(const Json& json) {
  const auto value = json.get<std::int64_t>();
  if (value < 0 || !json.is_number_integer()) throw NotAReport{"a count is not a whole number of 0 or more"};
  return value;
}

std::chrono::nanoseconds time_of(const Json& seconds) {
  const auto value = seconds.get<double>();
  if (!(value >= 0 && value < 9e9)) throw NotAReport{"a time is out of range"};
  return std::chrono::nanoseconds(std::llround(value * 1e9));
}

std::chrono::system_clock::time_point instant_of(const std::string& text) {
  std::tm utc{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  if (!end || *end != '\0') throw NotAReport{"started_at is no time"};
  return std::chrono::system_clock::from_time_t(::timegm(&utc));
}

// `at`: for the trend; only differences matter.
std::optional<ServerObservation> observation_of(const Json& json, double at) {
  if (json.is_null()) return std::nullopt;
  const auto& requests = json.at("requests");
  return ServerObservation{
      .at = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(std::llround(at * 1e9))),
      .tasks = count_of(json.at("tasks")),
      .tasks_leaked = count_of(json.at("leaked")),
      .contexts = count_of(json.at("contexts")),
      .timers = count_of(json.at("timers")),
      .connections = count_of(json.at("connections")),
      .rss_bytes = count_of(json.at("rss_bytes")),
      .heap_bytes = count_of(json.at("heap_bytes")),
      .requests = requests.is_null() ? 0 : count_of(requests),
      .demo_requests = count_of(json.at("demo_requests")),
      .counts_requests = !requests.is_null(),
      .start_time = json.at("start_time").get<double>(),
  };
}

RequestCounts requests_of(const Json& json) {
  RequestCounts requests{.sent = count_of(json.at("sent")),
                         .ok = count_of(json.at("ok")),
                         .errors = count_of(json.at("errors")),
                         .aborted = count_of(json.at("aborted")),
                         .refused = count_of(json.at("refused")),
                         .by_status = {},
                         .by_error = {}};
  for (const auto& [status, count] : json.at("by_status").items()) {
    if (status.size() != 3 || status.find_first_not_of("0123456789") != std::string::npos)
      throw NotAReport{"by_status has what is no status"};
    requests.by_status[std::stoi(status)] = count_of(count);
  }
  for (const auto& [error, count] : json.at("by_error").items()) requests.by_error[error] = count_of(count);
  return requests;
}

Histogram histogram_of(const Json& json) {
  Histogram::Counts counts;
  counts.sum = json.at("sum").get<std::uint64_t>();
  counts.saturated = json.at("saturated").get<std::uint64_t>();
  counts.min = Histogram::Duration(count_of(json.at("min")));
  counts.max = Histogram::Duration(count_of(json.at("max")));
  for (const Json& bucket : json.at("buckets")) {
    const auto from = count_of(bucket.at(0));
    const auto count = count_of(bucket.at(1));
    counts.buckets.push_back({static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(count)});
  }
  auto histogram = Histogram::from_counts(counts);
  if (!histogram || histogram->count() != json.at("count").get<std::uint64_t>())
    throw NotAReport{"latency_histogram is damaged"};
  return *std::move(histogram);
}

std::vector<Moment> timeline_of(const Json& json) {
  std::vector<Moment> timeline;
  for (const Json& each : json) {
    Moment moment{.seconds = each.at("seconds").get<double>(),
                  .asked = optional_of<double>(each.at("asked")),
                  .sent = count_of(each.at("sent")),
                  .ok = count_of(each.at("ok")),
                  .errors = count_of(each.at("errors")),
                  .p50 = optional_of<double>(each.at("p50")),
                  .p99 = optional_of<double>(each.at("p99")),
                  .seen = {}};
    (void)time_of(moment.seconds);
    moment.seen = observation_of(each.at("server"), moment.seconds);
    timeline.push_back(moment);
  }
  return timeline;
}

Evidence evidence_of(const Json& json, const std::vector<Moment>& timeline) {
  Evidence evidence;
  evidence.wanted = json.at("wanted").get<bool>();
  evidence.settled = json.at("settled").get<bool>();
  evidence.drain_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(time_of(json.at("drain_timeout_seconds")));
  evidence.requests_sent = count_of(json.at("requests_sent"));
  evidence.responses = count_of(json.at("responses"));
  evidence.scrape_error = optional_of<std::string>(json.at("scrape_error")).value_or("");
  const double end = timeline.empty() ? 0 : timeline.back().seconds;
  evidence.before = observation_of(json.at("before"), 0);
  evidence.after = observation_of(json.at("after"), end);
  for (const Moment& moment : timeline) {
    if (moment.seen) evidence.during.push_back(*moment.seen);
  }
  return evidence;
}

std::vector<ThresholdOutcome> thresholds_of(const Json& json) {
  std::vector<ThresholdOutcome> thresholds;
  for (const Json& each : json) {
    thresholds.push_back({.text = each.at("threshold").get<std::string>(),
                          .value = optional_of<double>(each.at("value")),
                          .shown = each.at("shown").get<std::string>(),
                          .met = each.at("met").get<bool>()});
  }
  return thresholds;
}

RunResult run_of(const Json& json) {
  RunResult result;
  result.target = json.at("target").get<std::string>();
  if (!json.contains("latency_histogram"))
    throw NotAReport{"it has no latency_histogram: it is of an older leash-load"};
  result.metrics = optional_of<std::string>(json.at("metrics")).value_or("");
  result.mode = optional_of<std::string>(json.at("mode")).value_or("");
  result.plan = json.at("plan").get<std::string>();
  result.started_at = instant_of(json.at("started_at").get<std::string>());
  result.warmup = time_of(json.at("warmup_seconds"));
  result.elapsed = time_of(json.at("elapsed_seconds"));
  result.runs = count_of(json.at("runs"));
  result.requests = requests_of(json.at("requests"));
  result.latency = histogram_of(json.at("latency_histogram"));
  result.rate_asked = optional_of<double>(json.at("rate").at("asked"));
  result.rate_reached = json.at("rate").at("reached").get<double>();
  result.unsent = json.at("rate").at("unsent").get<std::int64_t>();
  result.timeline = timeline_of(json.at("timeline"));
  result.evidence = evidence_of(json.at("evidence"), result.timeline);
  result.judgement = judge(result.evidence);
  result.thresholds = thresholds_of(json.at("thresholds"));
  result.notes = json.at("notes").get<std::vector<std::string>>();
  return result;
}

}  // namespace

std::expected<Report, std::string> read_report(std::string_view text) {
  const Json json = http::parse_json(text);
  if (json.is_discarded()) return std::unexpected("it is not JSON");
  try {
    if (!json.is_object() || !json.contains("schema")) throw NotAReport{"it is no report of leash-load"};
    if (json.at("schema") != 1) throw NotAReport{"its schema is " + json.at("schema").dump() + ", not 1"};
    Report report;
    if (json.contains("fixed")) {
      report.results.push_back(run_of(json.at("fixed")));
      report.results.push_back(run_of(json.at("leaky")));
    } else {
      report.results.push_back(run_of(json));
    }
    return report;
  } catch (const NotAReport& wrong) {
    return std::unexpected(wrong.why);
  } catch (const Json::exception& wrong) {
    // "[json.exception.out_of_range.403] key 'runs' not found"
    const std::string_view what = wrong.what();
    return std::unexpected("it is no report of leash-load: " + std::string(what.substr(what.find("] ") + 2)));
  }
}

}  // namespace loadgen
