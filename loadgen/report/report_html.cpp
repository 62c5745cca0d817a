// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_html.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message/html.hpp"
#include "loadgen/report/chart.hpp"
#include "loadgen/report/report_charts.hpp"
#include "loadgen/report/report_figures.hpp"
#include "loadgen/report/report_style.hpp"
#include "units/text.hpp"

namespace loadgen {

using http::escape_html;

namespace {

// Small pieces.

std::string tile(std::string_view name, std::string_view value, std::string_view more) {
  return "<div class=\"card tile\"><div class=\"name\">" + escape_html(name) + "</div><div class=\"value\">" +
         escape_html(value) + "</div><div class=\"more\">" + escape_html(more) + "</div></div>\n";
}

std::string cells_of(std::string_view tag, const std::vector<std::string>& texts) {
  std::string row = "<tr>";
  bool first = true;
  for (const std::string& text : texts) {
    const bool head = first || tag == "th";
    row += std::string("<") + (head ? "th" : "td");
    if (head) row += tag == "th" ? " scope=\"col\"" : " scope=\"row\"";
    row += ">" + escape_html(text) + (head ? "</th>" : "</td>");
    first = false;
  }
  return row + "</tr>\n";
}

std::string table(std::string_view caption, std::string_view rows) {
  return "<div class=\"card scroll\"><table><caption>" + escape_html(caption) + "</caption>\n" +
         std::string(rows) + "</table></div>\n";
}

std::string share(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::string(unknown_figure);
  return format_fixed(100 * static_cast<double>(part) / static_cast<double>(whole), 2) + "%";
}

// Tables.

std::string server_table(const RunResult& result) {
  std::string text = cells_of("th", {"", "before", "at the end", "drained"});
  for (const ServerRow& row : server_rows) {
    text += cells_of("td", {std::string(row.name), figure(result.evidence.before, row.member, row.format),
                            figure(at_end_of_load(result.evidence), row.member, row.format),
                            figure(result.evidence.after, row.member, row.format)});
  }
  return table("Server", text);
}

std::string latency_table(const RunResult& result) {
  std::string rows;
  for (const auto& [name, quantile] : percentiles)
    rows += cells_of("td", {std::string(name), latency_at(result.latency, quantile)});
  rows += cells_of("td", {"mean", result.latency.count() == 0 ? std::string(unknown_figure)
                                                              : format_duration(result.latency.mean())});
  return table("Latency", rows);
}

std::string requests_table(const RunResult& result) {
  const RequestCounts& requests = result.requests;
  std::string rows;
  const auto row = [&](std::string name, std::int64_t count) {
    rows += cells_of("td", {std::move(name), format_count(count), share(count, requests.sent)});
  };
  row("sent", requests.sent);
  row("ok", requests.ok);
  row("errors", requests.errors);
  if (requests.aborted > 0) row("aborted", requests.aborted);
  if (requests.refused > 0) row("refused, sent again", requests.refused);
  for (const auto& [status, count] : requests.by_status) row("status " + std::to_string(status), count);
  for (const auto& [error, count] : requests.by_error) row(error, count);
  return table("Requests", rows);
}

std::string thresholds_table(const Results& results) {
  std::string rows;
  for (std::size_t i = 0; i < results.size(); ++i) {
    for (const ThresholdOutcome& each : results[i]->thresholds) {
      rows += "<tr><th scope=\"row\">" + escape_html(each.text) + "</th>";
      if (results.size() > 1) rows += "<td>" + std::string(side_name(i)) + "</td>";
      rows += "<td>" + escape_html(each.shown) + "</td><td class=\"" +
              (each.met ? "met\">✓ met" : "missed\">✗ missed") + "</td></tr>\n";
    }
  }
  return rows.empty() ? rows : table("Thresholds", rows);
}

std::string compare_tables(const RunResult& fixed, const RunResult& leaky) {
  std::string tables;
  std::string rows;
  const auto row = [&](std::string_view name, const std::function<std::string(const RunResult&)>& value) {
    rows += cells_of("td", {std::string(name), value(fixed), value(leaky)});
  };
  const auto finish = [&](std::string_view caption) {
    tables += table(caption, cells_of("th", {"", "fixed", "leaky"}) + std::exchange(rows, {}));
  };
  const auto count_row = [&](std::string_view name, std::int64_t RequestCounts::*member) {
    if (fixed.requests.*member + leaky.requests.*member == 0 && member != &RequestCounts::errors) return;
    row(name, [&](const RunResult& r) { return format_count(r.requests.*member); });
  };
  const auto left_row = [&](std::string_view name, std::int64_t Judgement::*member) {
    row(name, [&](const RunResult& r) { return left_over(r, member); });
  };
  left_row("tasks", &Judgement::tasks_left);
  row("tasks a request", [](const RunResult& r) { return per_request(r.judgement.leaked_per_request); });
  left_row("contexts", &Judgement::contexts_left);
  left_row("timers", &Judgement::timers_left);
  row("memory a request",
      [](const RunResult& r) { return bytes_per_request(r.judgement.bytes_per_request); });
  row("growth of RSS", rss_growth);
  finish("Left over");

  constexpr auto tasks = &ServerObservation::tasks;
  row("before", [](const RunResult& r) { return figure(r.evidence.before, tasks, format_count); });
  row("at the end of the load",
      [](const RunResult& r) { return figure(at_end_of_load(r.evidence), tasks, format_count); });
  row("drained", [](const RunResult& r) { return figure(r.evidence.after, tasks, format_count); });
  finish("Tasks of requests");

  count_row("sent", &RequestCounts::sent);
  count_row("ok", &RequestCounts::ok);
  count_row("errors", &RequestCounts::errors);
  count_row("aborted", &RequestCounts::aborted);
  count_row("refused, sent again", &RequestCounts::refused);
  row("a second", [](const RunResult& r) { return format_fixed(r.rate_reached, 1); });
  finish("Requests");

  for (const auto& [name, quantile] : percentiles)
    row(name, [quantile](const RunResult& r) { return latency_at(r.latency, quantile); });
  finish("Latency");
  return tables;
}

// The figures of the charts, for whoever cannot see them.
std::string timeline_table(const Results& results) {
  std::string tables;
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::string rows =
        cells_of("th", {"time", "sent", "ok", "errors", "p50", "p99", "live", "leaked", "RSS"});
    const auto time = [](const std::optional<double>& seconds) {
      return seconds ? format_tick(*seconds, Unit::seconds) : std::string(unknown_figure);
    };
    for (const Instant& instant : instants_of(*results[i])) {
      const Moment& m = instant.moment;
      rows += cells_of("td", {format_fixed(m.seconds, 1) + " s", format_count(m.sent), format_count(m.ok),
                              format_count(m.errors), time(m.p50), time(m.p99),
                              figure(m.seen, &ServerObservation::tasks, format_count),
                              figure(m.seen, &ServerObservation::tasks_leaked, format_count),
                              figure(m.seen, &ServerObservation::rss_bytes, format_bytes)});
    }
    tables += table(results.size() == 1 ? "Over time" : "Over time: " + std::string(side_name(i)), rows);
  }
  return "<details><summary>The figures of the charts</summary>\n" + tables + "</details>\n";
}

// The page.

std::string verdict_card(const RunResult& result, std::string_view heading) {
  const std::string verdict(to_string(result.judgement.verdict));
  return "<section class=\"card verdict " + verdict + "\"><p>" +
         (heading.empty() ? "" : escape_html(heading) + ": ") + "<b>" + verdict + "</b></p><p>" +
         escape_html(result.judgement.reason) + "</p>" +
         (heading.empty() ? "" : "<p class=\"soft\">" + escape_html(result.target) + "</p>") + "</section>\n";
}

std::string notes_of(const Results& results) {
  std::string notes;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string who = results.size() == 1 ? "" : std::string(side_name(i)) + ": ";
    for (const std::string& note : results[i]->notes) notes += "<p>" + escape_html(who + note) + "</p>\n";
    if (results[i]->judgement.requests_of_others > 0) {
      notes += "<p>" +
               escape_html(who + "the server saw " + format_count(results[i]->judgement.requests_seen) +
                           " requests, " + format_count(results[i]->judgement.requests_of_others) +
                           " of them from other clients.") +
               "</p>\n";
    }
  }
  return notes.empty() ? notes : "<section class=\"notes\">" + notes + "</section>\n";
}

std::string page(std::string_view title, const RunResult& first, std::string_view body) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escape_html(title) + "</title>\n<style>" + std::string(report_style) +
         "</style>\n</head>\n<body>\n<main>\n<h1>" + escape_html(title) + "</h1>\n<p class=\"soft\">" +
         escape_html(first.plan) + " · " + format_time(first.started_at) + "</p>\n" + std::string(body) +
         "<footer>Made by leash-load. Latency counts from the moment a request was due. What is left over "
         "counts once the "
         "server has come to rest; memory and trends are evidence and never decide.</footer>\n"
         "</main>\n</body>\n</html>\n";
}

std::string tiles(const RunResult& r) {
  const RequestCounts& requests = r.requests;
  std::string all = "<div class=\"tiles\">\n";
  all += tile("requests", format_count(requests.sent), share(requests.ok, requests.sent) + " ok");
  all += tile("a second", format_fixed(r.rate_reached, 1),
              r.rate_asked ? "of " + format_fixed(*r.rate_asked, 1) + " asked" : "closed loop");
  all += tile("median latency", latency_at(r.latency, 0.5), "p99 " + latency_at(r.latency, 0.99));
  if (r.evidence.wanted) {
    all += tile("tasks left over", left_over(r, &Judgement::tasks_left),
                per_request(r.judgement.leaked_per_request) + " a request");
    all += tile("memory a request", bytes_per_request(r.judgement.bytes_per_request), "growth of the heap");
  }
  return all + "</div>\n";
}

std::string charts_section(std::string_view heading, std::string_view charts,
                           std::string_view css = "charts") {
  if (charts.empty()) return {};
  return "<h2>" + escape_html(heading) + "</h2>\n<div class=\"" + std::string(css) + "\">\n" +
         std::string(charts) + "</div>\n";
}

}  // namespace

std::string run_html(const RunResult& result) {
  const Results results{&result};
  const std::string mode = result.mode.empty() ? "" : " (" + result.mode + ")";
  std::string body = "<div class=\"verdicts\">\n" + verdict_card(result, "") + "</div>\n" +
                     notes_of(results) + tiles(result);
  body += charts_section("The server over time", server_charts(results));
  body += charts_section("The load", client_charts(results) + spread_charts(results));
  body += "<h2>Figures</h2>\n<div class=\"tables\">\n" + thresholds_table(results) +
          (result.evidence.wanted ? server_table(result) : "") + requests_table(result) +
          latency_table(result) + "</div>\n";
  return page("Load on " + result.target + mode, result, body + timeline_table(results));
}

std::string compare_html(const RunResult& fixed, const RunResult& leaky) {
  const Results results{&fixed, &leaky};
  std::string body = "<div class=\"verdicts\">\n" + verdict_card(fixed, "fixed") +
                     verdict_card(leaky, "leaky") + "</div>\n" + notes_of(results);
  body += charts_section("The servers over time", server_charts(results));
  body += charts_section("The load over time", client_charts(results));
  body += charts_section("Latency", spread_charts(results), "charts wide");
  body += "<h2>Figures</h2>\n<div class=\"tables\">\n" + thresholds_table(results) +
          compare_tables(fixed, leaky) + "</div>\n";
  return page("Fixed and leaky, under the same load", fixed, body + timeline_table(results));
}

}  // namespace loadgen
