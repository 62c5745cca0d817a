// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_html.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "http/message/html.hpp"
#include "loadgen/report/chart.hpp"
#include "loadgen/report/conclusion.hpp"
#include "loadgen/report/report_charts.hpp"
#include "loadgen/report/report_figures.hpp"
#include "loadgen/report/report_style.hpp"
#include "units/number.hpp"
#include "units/size.hpp"

namespace loadgen {

using http::escape_html;

namespace {

// Small pieces.

std::string tile(std::string_view name, std::string_view value, std::string_view more) {
  return fmt::format(
      R"(<div class="card tile"><div class="name">{}</div><div class="value">{}</div><div class="more">{}</div></div>)"
      "\n",
      escape_html(name), escape_html(value), escape_html(more));
}

std::string head_row(std::string_view first, const std::vector<std::string>& columns) {
  std::string row =
      first.empty() ? "<tr><td></td>" : fmt::format("<tr><th scope=\"col\">{}</th>", escape_html(first));
  for (const std::string& column : columns)
    row += fmt::format("<th scope=\"col\">{}</th>", escape_html(column));
  return row + "</tr>\n";
}

std::string row_of(std::string_view name, const std::vector<std::string>& values) {
  std::string row = fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(name));
  for (const std::string& value : values) row += fmt::format("<td>{}</td>", escape_html(value));
  return row + "</tr>\n";
}

std::string table(std::string_view caption, std::string_view rows) {
  return fmt::format("<div class=\"card scroll\"><table><caption>{}</caption>\n{}</table></div>\n",
                     escape_html(caption), rows);
}

std::string table(const FigureTable& figures) {
  std::string rows = head_row("", figures.columns);
  for (const auto& [name, values] : figures.rows) rows += row_of(name, values);
  return table(figures.caption, rows);
}

// Tables.

std::string thresholds_table(std::span<const RunResult> results) {
  std::string rows;
  for (std::size_t side = 0; side < results.size(); ++side) {
    for (const ThresholdOutcome& each : results[side].thresholds) {
      rows += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(each.text));
      if (results.size() > 1) rows += fmt::format("<td>{}</td>", side_name(side));
      rows += fmt::format("<td>{}</td><td class=\"{}</td></tr>\n", escape_html(each.shown),
                          each.met ? "met\">✓ met" : "missed\">✗ missed");
    }
  }
  return rows.empty() ? rows : table("Thresholds", rows);
}

// The data of the charts as tables, for screen readers.
std::string timeline_table(std::span<const RunResult> results) {
  std::string tables;
  const auto time = [](const std::optional<double>& seconds) {
    return seconds ? format_tick(*seconds, Unit::seconds) : std::string(unknown_figure);
  };
  for (std::size_t side = 0; side < results.size(); ++side) {
    std::string rows = head_row("time", {"sent", "ok", "errors", "p50", "p99", "live", "leaked", "RSS"});
    for (const auto& [period, lasted] : drawn_periods(results[side])) {
      rows += row_of(units::format_fixed(period.seconds, 1) + " s",
                     {units::format_count(period.sent), units::format_count(period.ok),
                      units::format_count(period.errors), time(period.p50), time(period.p99),
                      figure(period.seen, &ServerObservation::tasks, units::format_count),
                      figure(period.seen, &ServerObservation::tasks_leaked, units::format_count),
                      figure(period.seen, &ServerObservation::rss_bytes, units::rounded_size)});
    }
    tables += table(results.size() == 1 ? "Over time" : fmt::format("Over time: {}", side_name(side)), rows);
  }
  return fmt::format("<details><summary>Data of the charts</summary>\n{}</details>\n", tables);
}

// The page.

std::string card(std::string_view css, std::string_view heading, std::string_view word,
                 std::string_view reason, std::string_view more) {
  return fmt::format("<section class=\"card verdict {}\"><p>{}{}<b>{}</b></p><p>{}</p>{}</section>\n", css,
                     escape_html(heading), heading.empty() ? "" : ": ", word, escape_html(reason),
                     more.empty() ? "" : fmt::format("<p class=\"soft\">{}</p>", escape_html(more)));
}

// First the conclusion of the exit status, then verdicts that differ from it.
std::string verdicts(std::span<const RunResult> results) {
  const Conclusion conclusion = conclude(results);
  const std::string_view css = conclusion.exit_status == Exit::clean     ? "clean"
                               : conclusion.exit_status == Exit::unknown ? "unknown"
                                                                         : "leak";
  std::string cards = card(css, "", conclusion.word, conclusion.reason,
                           fmt::format("Exit status {}", conclusion.exit_status));
  for (std::size_t side = 0; side < results.size(); ++side) {
    const Judgement& judgement = results[side].judgement;
    const std::string_view verdict = to_string(judgement.verdict);
    if (results.size() == 1 && judgement.reason == conclusion.reason) continue;
    cards += card(verdict, results.size() == 1 ? "verdict" : side_name(side), verdict, judgement.reason,
                  results.size() == 1 ? "" : results[side].target);
  }
  return fmt::format("<div class=\"verdicts\">\n{}</div>\n", cards);
}

std::string note_paragraphs(std::span<const RunResult> results) {
  std::string notes;
  for (std::size_t side = 0; side < results.size(); ++side) {
    const std::string of_side = results.size() == 1 ? "" : fmt::format("{}: ", side_name(side));
    for (const std::string& note : all_notes(results[side]))
      notes += fmt::format("<p>{}</p>\n", escape_html(of_side + note));
    const std::string others = others_text(results[side].judgement);
    if (!others.empty()) notes += fmt::format("<p>{}</p>\n", escape_html(of_side + others + "."));
  }
  return notes.empty() ? notes : fmt::format("<section class=\"notes\">{}</section>\n", notes);
}

std::string tiles(const RunResult& r) {
  std::string all =
      tile("requests", units::format_count(r.requests.sent), share(r.requests.ok, r.requests.sent) + " ok");
  all += tile(
      "per second", units::format_fixed(r.rate_reached, 1),
      r.rate_asked ? fmt::format("of {} requested", units::format_fixed(*r.rate_asked, 1)) : "closed loop");
  all += tile("median latency", latency_at(r.latency, 0.5), "p99 " + latency_at(r.latency, 0.99));
  if (r.evidence.wanted) {
    all += tile("tasks left over", left_over(r, &Judgement::tasks_left),
                per_request(r.judgement.leaked_per_request) + " per request");
    all += tile("memory per request", bytes_per_request(r.judgement.bytes_per_request), "growth of the heap");
  }
  return fmt::format("<div class=\"tiles\">\n{}</div>\n", all);
}

std::string charts_section(std::string_view heading, std::string_view charts,
                           std::string_view css = "charts") {
  if (charts.empty()) return {};
  return fmt::format("<h2>{}</h2>\n<div class=\"{}\">\n{}</div>\n", escape_html(heading), css, charts);
}

// A line of a report of leaks; the leaky (-) and the fixed (+) source lines have the colors of bad and good.
std::string colored(const std::string& line) {
  std::string text = escape_html(line);
  const auto first = line.find_first_not_of(' ');
  if (first == std::string::npos || line.size() < first + 2 || line[first + 1] != ' ') return text;
  if (line[first] == '-') return fmt::format("<span class=\"missed\">{}</span>", text);
  if (line[first] == '+') return fmt::format("<span class=\"met\">{}</span>", text);
  return text;
}

// The leaks that the servers report, with source lines if they have them.
std::string leaks_section(std::span<const RunResult> results) {
  std::string texts;
  for (std::size_t side = 0; side < results.size(); ++side) {
    if (results[side].leaks.empty()) continue;
    if (results.size() > 1) texts += fmt::format("<h3>{}</h3>\n", side_name(side));
    texts += "<pre class=\"card\" tabindex=\"0\">";
    for (const std::string& line : results[side].leaks) texts += colored(line) + "\n";
    texts += "</pre>\n";
  }
  return texts.empty() ? texts : fmt::format("<h2>Leaks and their source lines</h2>\n{}", texts);
}

}  // namespace

std::string report_html(std::span<const RunResult> results) {
  const RunResult& first = results.front();
  const bool compare = results.size() > 1;
  const std::string title =
      escape_html(compare ? "Fixed and leaky, under the same load" : "Load on " + target_text(first));
  std::string body = verdicts(results) + note_paragraphs(results) + (compare ? "" : tiles(first));
  body += charts_section(compare ? "The servers over time" : "The server over time", server_charts(results));
  if (compare) {
    body += charts_section("The load over time", client_charts(results));
    body += charts_section("Latency", spread_charts(results), "charts wide");
  } else {
    body += charts_section("The load", client_charts(results) + spread_charts(results));
  }
  std::string tables = thresholds_table(results);
  for (const FigureTable& figures : compare ? compare_tables(results[0], results[1]) : run_tables(first))
    tables += table(figures);
  body += leaks_section(results);
  body += fmt::format("<h2>Figures</h2>\n<div class=\"tables\">\n{}</div>\n", tables);
  return fmt::format(R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{0}</title>
<style>{1}</style>
</head>
<body>
<main>
<h1>{0}</h1>
<p class="soft">{2} · {3}</p>
{4}{5}<footer>Written by leash-load. Latency is measured from the moment a request was due until the kernel had
received the last byte of its response; for a request that timed out, until the timeout. Leftovers are counted when the
server has settled; memory and trends are supporting evidence and never decide.</footer>
</main>
</body>
</html>
)",
                     title, report_style, escape_html(first.plan), format_time(first.started_at), body,
                     timeline_table(results));
}

}  // namespace loadgen
