// SPDX-License-Identifier: BSL-1.0
#include "server/cure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

#include "http/message/json_writer.hpp"
#include "units/number.hpp"

namespace server {
namespace {

struct Line {
  unsigned number;
  std::string_view text;
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back({number, text.substr(0, end)});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The functions whose names end with `ending`, each from its first line to its closing brace.
std::vector<Line> functions_of(std::string_view text, std::string_view ending) {
  const std::string call = std::string(ending) + "(";
  std::vector<Line> found;
  bool inside = false;
  for (const Line& line : lines_of(text)) {
    if (!inside) inside = line.text.starts_with("leash::Task<") && line.text.find(call) != line.text.npos;
    const bool comment = line.text.find_first_not_of(' ') == line.text.find("//");
    const bool counts =
        line.text.find("Tally{") != line.text.npos;  // counts for the reply, and is no part of the leak
    if (inside && !comment && !counts) found.push_back(line);
    if (line.text == "}") inside = false;
  }
  return found;
}

// Lines that differ only in the version's name count as equal.
std::string without_version(std::string_view line) {
  std::string text(line);
  for (const std::string_view version : {"_leaky(", "_fixed("}) {
    for (std::size_t at = 0; (at = text.find(version, at)) != text.npos;)
      text.replace(at, version.size(), "(");
  }
  return text;
}

}  // namespace

const PatternSource* find_source(std::string_view file) noexcept {
  const auto sources = pattern_sources();
  const auto found = std::ranges::find(sources, file, &PatternSource::file);
  return found == sources.end() ? nullptr : &*found;
}

std::string_view line_of(const PatternSource& source, unsigned number) noexcept {
  std::string_view text = source.text;
  for (unsigned at = 1; at < number && !text.empty(); ++at) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  text = text.substr(0, std::min(text.find('\n'), text.size()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

// Computes the longest common subsequence; the versions have about thirty lines.
std::vector<DiffLine> cure(const PatternSource& source) {
  const std::vector<Line> leaky = functions_of(source.text, "_leaky");
  const std::vector<Line> fixed = functions_of(source.text, "_fixed");
  const auto same = [&](std::size_t i, std::size_t j) {
    return without_version(leaky[i].text) == without_version(fixed[j].text);
  };
  std::vector<std::vector<std::size_t>> common(leaky.size() + 1, std::vector<std::size_t>(fixed.size() + 1));
  for (std::size_t i = leaky.size(); i-- > 0;) {
    for (std::size_t j = fixed.size(); j-- > 0;) {
      common[i][j] = same(i, j) ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<DiffLine> diff;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < leaky.size() || j < fixed.size()) {
    if (i < leaky.size() && j < fixed.size() && same(i, j)) {
      ++i, ++j;
    } else if (j == fixed.size() || (i < leaky.size() && common[i + 1][j] >= common[i][j + 1])) {
      diff.push_back({'-', leaky[i].number, leaky[i].text});
      ++i;
    } else {
      diff.push_back({'+', fixed[j].number, fixed[j].text});
      ++j;
    }
  }
  return diff;
}

std::string cures_to_text(const leash::Dump& leaked, const leash::ContextDump& contexts) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const PatternSource& source : pattern_sources()) {
    const auto quote = [&](std::string_view what, unsigned line) {
      fmt::format_to(out, "  {} {}:{}\n      {}\n", what, source.file, line, line_of(source, line));
    };
    // The task may wait in code that the patterns share; the innermost line of the pattern's own file is more helpful.
    std::map<std::pair<unsigned, unsigned>, std::size_t>
        tasks;  // keyed by the start line and the line of the wait
    for (const leash::TaskGroup& group : leaked.entries) {
      if (group.oldest.site.file != source.file) continue;
      const auto own = std::ranges::find(group.oldest.frames, source.file, &leash::Frame::file);
      tasks[{group.oldest.site.line, own == group.oldest.frames.end() ? 0 : own->line}] += group.count;
    }
    std::map<unsigned, std::size_t> outlived;
    for (const leash::ContextGroup& group : contexts.groups) {
      if (group.site.file == source.file && group.armed > 0) outlived[group.site.line] += group.count;
    }
    if (tasks.empty() && outlived.empty()) continue;

    fmt::format_to(out, "{}{}\n", text.empty() ? "" : "\n", source.pattern);
    for (const auto& [lines, count] : tasks) {
      quote(units::counted(count, "leaked task") + ", started at", lines.first);
      if (lines.second != 0) quote(count == 1 ? "it waits at" : "they wait at", lines.second);
    }
    for (const auto& [line, count] : outlived) {
      quote(units::counted(count, "context") +
                (count == 1 ? " outlives its request, made at" : " outlive their requests, made at"),
            line);
    }
    fmt::format_to(out, "  the cure: what the fixed version does instead\n");
    for (const DiffLine& line : cure(source))
      fmt::format_to(out, "    {} {:3} {}\n", line.sign, line.number, line.text);
  }
  return text.empty() ? "nothing has leaked\n" : text;
}

std::string cures_to_json() {
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().key("patterns").begin_array();
  for (const PatternSource& source : pattern_sources()) {
    json.begin_object()
        .member("pattern", source.pattern)
        .member("file", source.file)
        .key("lines")
        .begin_array();
    for (const Line& line : lines_of(source.text)) json.value(line.text);
    json.end_array().key("cure").begin_array();
    for (const DiffLine& line : cure(source)) {
      json.begin_object().member("sign", std::string_view(&line.sign, 1)).member("line", line.number);
      json.member("text", line.text).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return text + "\n";
}

}  // namespace server
