// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cli/text.hpp"
#include "http/message/json.hpp"
#include "loadgen/report/conclusion.hpp"
#include "loadgen/report/report_fields.hpp"
#include "units/duration.hpp"
#include "units/number.hpp"

namespace loadgen {
namespace {

// --- writing -----------------------------------------------------------------------------------------------

Json written(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json written(std::chrono::nanoseconds time) { return units::to_seconds(time); }
Json written(std::chrono::system_clock::time_point time) { return format_time(time); }

template <class T>
requires std::is_arithmetic_v<T> Json written(T value) { return value; }

Json written(const Histogram& histogram) {
  const auto counts = histogram.to_counts();
  Json buckets = Json::array();
  for (const auto& [from, count] : counts.buckets) buckets.push_back(Json::array({from, count}));
  return {{"count", histogram.count()},    {"sum", counts.sum},
          {"min", counts.min.count()},     {"max", counts.max.count()},
          {"saturated", counts.saturated}, {"buckets", std::move(buckets)}};
}

Json written(const std::map<std::string, std::int64_t>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

template <Described T>
Json written(const T& value);

template <class T>
Json written(const std::optional<T>& value) {
  return value ? written(*value) : Json(nullptr);
}

template <class T>
Json written(const std::vector<T>& values) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(written(value));
  return json;
}

template <class Owner, class Member>
void write(Json& json, const Owner& owner, const Field<Owner, Member>& field) {
  json[field.name] = written(owner.*field.member);
}

template <class Owner, class... Fields>
void write(Json& json, const Owner& owner, const Nested<Fields...>& group) {
  Json& object = json[group.name];
  std::apply([&](const auto&... field) { (write(object, owner, field), ...); }, group.fields);
}

template <class Owner>
void write(Json& json, const Owner& owner, const Derived<Owner>& derived) {
  json[derived.name] = derived.value(owner);
}

template <Described T>
Json written(const T& value) {
  Json json = Json::object();
  for_each_field<T>([&](const auto& field) { write(json, value, field); });
  return json;
}

// --- reading -----------------------------------------------------------------------------------------------

// The functions below throw the exceptions of nlohmann::json, or this one. Only read_report() catches them.
struct NotAReport {
  std::string why;
};

constexpr std::int64_t most = std::int64_t{1} << 53;  // the largest integer that JSON represents exactly
constexpr double most_seconds = 9e9;

void read(const Json& json, std::string& text) {
  text = json.is_null() ? "" : cli::without_control_characters(json.get<std::string>());
}

void read(const Json& json, bool& value) { value = json.get<bool>(); }

void read(const Json& json, std::int64_t& count) {
  count = json.get<std::int64_t>();
  if (!json.is_number_integer() || count < 0 || count > most)
    throw NotAReport{"a count is not a whole number from 0 to 2^53"};
}

void read(const Json& json, double& value) {
  value = json.get<double>();
  if (!(std::abs(value) <= static_cast<double>(most))) throw NotAReport{"a number is out of range"};
}

double time_of(const Json& json) {
  const auto seconds = json.get<double>();
  if (!(seconds >= 0 && seconds < most_seconds)) throw NotAReport{"a time is out of range"};
  return seconds;
}

void read(const Json& json, std::chrono::nanoseconds& time) { time = units::from_seconds(time_of(json)); }

void read(const Json& json, std::chrono::system_clock::time_point& time) {
  const auto text = json.get<std::string>();
  std::tm utc{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  const auto fraction =
      rest ? units::parse_number("0" + std::string(rest, std::strcspn(rest, "Z"))) : std::nullopt;
  if (!fraction || *fraction < 0 || *fraction >= 1 || !text.ends_with('Z'))
    throw NotAReport{"started_at is not a time"};
  time = std::chrono::system_clock::from_time_t(::timegm(&utc)) +
         std::chrono::milliseconds(std::lround(*fraction * 1000));
}

void read(const Json& json, Histogram& histogram) {
  Histogram::Counts counts;
  const auto count_at = [](const Json& from) {
    std::int64_t count = 0;
    read(from, count);
    return static_cast<std::uint64_t>(count);
  };
  counts.sum = json.at("sum").get<std::uint64_t>();
  counts.saturated = count_at(json.at("saturated"));
  counts.min = Histogram::Duration(count_at(json.at("min")));
  counts.max = Histogram::Duration(count_at(json.at("max")));
  for (const Json& bucket : json.at("buckets"))
    counts.buckets.push_back({count_at(bucket.at(0)), count_at(bucket.at(1))});
  auto read_one = Histogram::from_counts(counts);
  if (!read_one || read_one->count() != count_at(json.at("count")))
    throw NotAReport{"a histogram is damaged"};
  histogram = *std::move(read_one);
}

void read(const Json& json, std::map<std::string, std::int64_t>& counts) {
  for (const auto& [name, count] : json.items()) read(count, counts[cli::without_control_characters(name)]);
}

template <Described T>
void read(const Json& json, T& value);

template <class T>
void read(const Json& json, std::optional<T>& value) {
  value.reset();
  if (!json.is_null()) read(json, value.emplace());
}

template <class T>
void read(const Json& json, std::vector<T>& values) {
  if (!json.is_array()) throw NotAReport{"a list was expected"};
  for (const Json& each : json) read(each, values.emplace_back());
}

template <class Owner, class Member>
void read(const Json& json, Owner& owner, const Field<Owner, Member>& field) {
  read(json.at(field.name), owner.*field.member);
}

template <class Owner, class... Fields>
void read(const Json& json, Owner& owner, const Nested<Fields...>& group) {
  const Json& object = json.at(group.name);
  std::apply([&](const auto&... field) { (read(object, owner, field), ...); }, group.fields);
}

template <class Owner>
void read(const Json&, Owner&, const Derived<Owner>&) {}

template <Described T>
void read(const Json& json, T& value) {
  for_each_field<T>([&](const auto& field) { read(json, value, field); });
}

RunResult run_of(const Json& json) {
  if (json.contains("target") && !json.contains("service_histogram"))
    throw NotAReport{"histograms are missing: it is from an older leash-load"};
  RunResult result;
  read(json, result);
  const auto at = [](double seconds) {
    return std::chrono::steady_clock::time_point(units::from_seconds(seconds));
  };
  Evidence& evidence = result.evidence;
  for (const auto& [status, count] : result.requests.by_status) {
    if (status.size() != 3 || status.find_first_not_of("0123456789") != std::string::npos)
      throw NotAReport{"by_status has an invalid status"};
  }
  for (Period& period : result.timeline) {
    (void)time_of(period.seconds);
    if (!period.seen) continue;
    period.seen->at = at(period.seconds);
    evidence.during.push_back(*period.seen);
  }
  if (evidence.after) evidence.after->at = at(result.timeline.empty() ? 0 : result.timeline.back().seconds);
  result.judgement = judge(evidence);
  return result;
}

// --- adding up ---------------------------------------------------------------------------------------------

void sum_up(std::int64_t& sum, std::int64_t more) { sum += more; }
void sum_up(double& sum, double more) { sum = std::max(sum, more); }
void sum_up(bool& sum, bool more) { sum = sum || more; }
void sum_up(std::chrono::nanoseconds& sum, std::chrono::nanoseconds more) { sum = std::max(sum, more); }

void sum_up(std::map<std::string, std::int64_t>& sum, const std::map<std::string, std::int64_t>& more) {
  for (const auto& [name, count] : more) sum[name] += count;
}

// A value that one of them does not have is unknown for both.
void sum_up(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& more) {
  if (!more) sum.reset();
  if (sum) *sum += *more;
}

void sum_up(std::optional<double>& sum, const std::optional<double>& more) {
  if (more) sum = std::max(sum.value_or(*more), *more);
}

template <Described T>
void add_fields(T& sum, const T& more) {
  for_each_field<T>([&](const auto& field) { sum_up(sum.*field.member, more.*field.member); });
}

// --- as text -----------------------------------------------------------------------------------------------

// Text from servers may be invalid UTF-8.
std::string on_one_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_text(std::string& out, const Json& value, std::size_t indent) {
  const std::string margin(indent + 2, ' ');
  const bool lines = value.is_object() || (value.is_array() && !value.empty() && value[0].is_object());
  if (!lines || value.empty()) {
    out += on_one_line(value);
    return;
  }
  out += value.is_object() ? "{" : "[";
  std::string_view separator = "\n";
  for (const auto& [name, each] : value.items()) {
    out.append(separator).append(margin);
    if (value.is_object()) {
      out.append(on_one_line(name)).append(": ");
      append_text(out, each, indent + 2);
    } else {
      out += on_one_line(each);
    }
    separator = ",\n";
  }
  out.append("\n").append(indent, ' ').append(value.is_object() ? "}" : "]");
}

}  // namespace

Json to_json(std::span<const RunResult> results) {
  Json report{{"schema", 1}};
  if (results.size() == 1) {
    report.update(written(results[0]));
    return report;
  }
  const Conclusion conclusion = conclude(results);
  report["exit_status"] = conclusion.exit_status;
  report["headline"] = conclusion.headline();
  for (std::size_t side = 0; side < results.size(); ++side)
    report[std::string(side_name(side))] = written(results[side]);
  return report;
}

std::string to_text(const Json& report) {
  std::string text;
  append_text(text, report, 0);
  return text + "\n";
}

std::expected<std::vector<RunResult>, std::string> read_report(std::string_view text) {
  const Json json = http::parse_json(text);
  if (json.is_discarded()) return std::unexpected("it is not JSON");
  try {
    if (!json.is_object() || !json.contains("schema")) throw NotAReport{"it is not a report of leash-load"};
    if (json.at("schema") != 1) throw NotAReport{"its schema is not 1"};
    std::vector<RunResult> results;
    if (json.contains("fixed")) {
      results.push_back(run_of(json.at("fixed")));
      results.push_back(run_of(json.at("leaky")));
    } else {
      results.push_back(run_of(json));
    }
    return results;
  } catch (const NotAReport& wrong) {
    return std::unexpected(wrong.why);
  } catch (const Json::exception& wrong) {
    // "[json.exception.out_of_range.403] key 'runs' not found"
    const std::string_view what = wrong.what();
    return std::unexpected("it is not a report of leash-load: " +
                           cli::without_control_characters(what.substr(what.find("] ") + 2)));
  }
}

void add_load(RunResult& sum, const RunResult& more) {
  add_fields(sum.requests, more.requests);
  add_fields(sum.own, more.own);
  for (const auto histogram :
       {&RunResult::latency, &RunResult::ok_latency, &RunResult::in_line, &RunResult::service})
    (sum.*histogram).merge(more.*histogram);
  sum.elapsed = std::max(sum.elapsed, more.elapsed);
  if (sum.rate_asked && more.rate_asked) {
    *sum.rate_asked += *more.rate_asked;
  } else {
    sum.rate_asked.reset();
  }
  sum.rate_reached += more.rate_reached;
  sum.unsent += more.unsent;
  for (const auto count :
       {&Evidence::requests_sent, &Evidence::responses, &Evidence::measured, &Evidence::succeeded})
    sum.evidence.*count += more.evidence.*count;
}

void add(RequestCounts& sum, const RequestCounts& more) { add_fields(sum, more); }
void add(OwnLimits& sum, const OwnLimits& more) { add_fields(sum, more); }

void add(std::optional<ServerObservation>& sum, const std::optional<ServerObservation>& more) {
  if (!sum) {
    sum = more;
  } else if (more) {
    add_fields(*sum, *more);
  }
}

}  // namespace loadgen
