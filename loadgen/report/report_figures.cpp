// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_figures.hpp"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <utility>

#include "units/duration.hpp"
#include "units/number.hpp"
#include "units/size.hpp"

namespace loadgen {
namespace {

// The figures of the server.
struct ServerFigure {
  std::string_view name;
  std::int64_t ServerObservation::*member;
  std::string (*format)(std::int64_t);
};
constexpr std::array server_figures{
    ServerFigure{"tasks", &ServerObservation::tasks, units::format_count},
    ServerFigure{"leaked tasks", &ServerObservation::tasks_leaked, units::format_count},
    ServerFigure{"contexts", &ServerObservation::contexts, units::format_count},
    ServerFigure{"timers", &ServerObservation::timers, units::format_count},
    ServerFigure{"heap", &ServerObservation::heap_bytes, units::rounded_size},
    ServerFigure{"RSS", &ServerObservation::rss_bytes, units::rounded_size}};

// The last observation during the load.
std::optional<ServerObservation> at_end_of_load(const Evidence& evidence) {
  if (evidence.during.empty()) return std::nullopt;
  return evidence.during.back();
}

std::string mean_of(const Histogram& latency) {
  return latency.count() == 0 ? std::string(unknown_figure) : units::rounded_duration(latency.mean());
}

FigureTable latency_table(const RunResult& result) {
  FigureTable table{"Latency", {}, {}};
  std::vector<const Histogram*> histograms;
  const auto add = [&](const char* name, const Histogram& histogram) {
    table.columns.emplace_back(name);
    histograms.push_back(&histogram);
  };
  add("all", result.latency);
  if (result.ok_latency.count() != result.latency.count()) add("ok only", result.ok_latency);
  if (result.in_line.count() > 0) add("in line", result.in_line);
  if (result.service.count() > 0) add("service", result.service);
  const auto add_row = [&](std::string_view name, const std::function<std::string(const Histogram&)>& value) {
    FigureTable::Row row{std::string(name), {}};
    for (const Histogram* histogram : histograms) row.values.push_back(value(*histogram));
    table.rows.push_back(std::move(row));
  };
  for (const auto& [name, quantile] : percentiles)
    add_row(name, [quantile](const Histogram& h) { return latency_at(h, quantile); });
  add_row("mean", mean_of);
  return table;
}

FigureTable requests_table(const RunResult& result) {
  const RequestCounts& requests = result.requests;
  FigureTable table{"Requests", {"number", "share"}, {}};
  const auto add = [&](std::string name, std::int64_t count) {
    table.rows.push_back({std::move(name), {units::format_count(count), share(count, requests.sent)}});
  };
  add("sent", requests.sent);
  add("ok", requests.ok);
  add("errors", requests.errors);
  if (requests.aborted > 0) add("aborted", requests.aborted);
  if (requests.refused > 0) add("refused, sent again", requests.refused);
  if (result.unsent > 0) {  // no share of those that were sent
    table.rows.push_back(
        {"due, not sent", {units::format_count(result.unsent), std::string(unknown_figure)}});
  }
  for (const auto& [status, count] : requests.by_status) add("status " + status, count);
  for (const auto& [error, count] : requests.by_error) add(error, count);
  return table;
}

FigureTable server_table(const Evidence& evidence) {
  FigureTable table{"Server", {"before", "end of load", "after drain"}, {}};
  const std::array columns{evidence.before, at_end_of_load(evidence), evidence.after};
  for (const auto& [name, member, format] : server_figures) {
    FigureTable::Row row{std::string(name), {}};
    for (const auto& seen : columns) row.values.push_back(figure(seen, member, format));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string rss_growth(const RunResult& result) {
  const Evidence& evidence = result.evidence;
  if (!evidence.before || !evidence.after) return std::string(unknown_figure);
  return units::rounded_size(evidence.after->rss_bytes - evidence.before->rss_bytes);
}

}  // namespace

std::vector<FigureTable> run_tables(const RunResult& result) {
  std::vector<FigureTable> tables{latency_table(result), requests_table(result)};
  if (result.evidence.wanted) tables.push_back(server_table(result.evidence));
  return tables;
}

std::vector<FigureTable> compare_tables(const RunResult& fixed, const RunResult& leaky) {
  std::vector<FigureTable> tables;
  const auto begin = [&](std::string caption) {
    tables.push_back({std::move(caption), {std::string(side_name(0)), std::string(side_name(1))}, {}});
  };
  const auto add = [&](std::string_view name, const std::function<std::string(const RunResult&)>& value) {
    tables.back().rows.push_back({std::string(name), {value(fixed), value(leaky)}});
  };
  const auto add_count = [&](std::string_view name, std::int64_t RequestCounts::*member, bool always) {
    if (always || fixed.requests.*member + leaky.requests.*member > 0)
      add(name, [member](const RunResult& r) { return units::format_count(r.requests.*member); });
  };
  const auto add_left = [&](std::string_view name, std::int64_t Judgement::*member) {
    add(name, [member](const RunResult& r) { return left_over(r, member); });
  };

  begin("Left over");
  add_left("tasks", &Judgement::tasks_left);
  if (fixed.judgement.tasks_reaped + leaky.judgement.tasks_reaped > 0)
    add_left("reaped", &Judgement::tasks_reaped);
  add("tasks per request", [](const RunResult& r) { return per_request(r.judgement.leaked_per_request); });
  add_left("contexts", &Judgement::contexts_left);
  add_left("timers", &Judgement::timers_left);
  add("memory per request",
      [](const RunResult& r) { return bytes_per_request(r.judgement.bytes_per_request); });
  add("growth of RSS", rss_growth);

  begin("Tasks of requests");
  using Look = std::optional<ServerObservation> (*)(const Evidence&);
  for (const auto& [name, look] :
       {std::pair<const char*, Look>{"before", [](const Evidence& e) { return e.before; }},
        std::pair<const char*, Look>{"at the end of the load", at_end_of_load},
        std::pair<const char*, Look>{"after the drain", [](const Evidence& e) { return e.after; }}})
    add(name, [look](const RunResult& r) {
      return figure(look(r.evidence), &ServerObservation::tasks, units::format_count);
    });

  begin("Requests");
  add_count("sent", &RequestCounts::sent, true);
  add_count("ok", &RequestCounts::ok, true);
  add_count("errors", &RequestCounts::errors, true);
  add_count("aborted", &RequestCounts::aborted, false);
  add_count("refused, sent again", &RequestCounts::refused, false);
  add("per second", [](const RunResult& r) { return units::format_fixed(r.rate_reached, 1); });

  begin("Latency");
  for (const auto& [name, quantile] : percentiles)
    add(name, [quantile](const RunResult& r) { return latency_at(r.latency, quantile); });
  if (fixed.requests.errors + leaky.requests.errors > 0) {
    add("p50, ok only", [](const RunResult& r) { return latency_at(r.ok_latency, 0.5); });
    add("p99, ok only", [](const RunResult& r) { return latency_at(r.ok_latency, 0.99); });
  }
  return tables;
}

std::string latency_at(const Histogram& latency, double quantile) {
  if (latency.count() == 0) return std::string(unknown_figure);
  return units::rounded_duration(quantile < 1 ? latency.at_quantile(quantile) : latency.max());
}

std::string share(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::string(unknown_figure);
  return units::format_fixed(100 * static_cast<double>(part) / static_cast<double>(whole), 2) + "%";
}

std::string figure(const std::optional<ServerObservation>& seen, std::int64_t ServerObservation::*member,
                   std::string (*format)(std::int64_t)) {
  return seen ? format((*seen).*member) : std::string(unknown_figure);
}

std::string left_over(const RunResult& result, std::int64_t Judgement::*member) {
  const Evidence& evidence = result.evidence;
  if (!evidence.before || !evidence.after || result.judgement.restarts > 0)
    return std::string(unknown_figure);
  return units::format_count(result.judgement.*member);
}

std::string per_request(const std::optional<double>& value) {
  return value ? units::format_fixed(*value, 2) : std::string(unknown_figure);
}

std::string bytes_per_request(const std::optional<double>& value) {
  return value ? units::rounded_size(std::llround(*value)) : std::string(unknown_figure);
}

std::string rate_text(const RunResult& result) {
  const std::string reached = units::format_fixed(result.rate_reached, 1) + " per second";
  return result.rate_asked
             ? fmt::format("{} of {} requested", reached, units::format_fixed(*result.rate_asked, 1))
             : reached;
}

std::string others_text(const Judgement& judgement) {
  if (judgement.requests_of_others == 0) return {};
  return fmt::format("the server saw {} requests, {} of them from other clients",
                     units::format_count(judgement.requests_seen),
                     units::format_count(judgement.requests_of_others));
}

std::string target_text(const RunResult& result) {
  return result.mode.empty() ? result.target : fmt::format("{} ({})", result.target, result.mode);
}

}  // namespace loadgen
