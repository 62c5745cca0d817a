#include "client/task_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "http/detail/ascii.hpp"
#include "http/size.hpp"

namespace client {
namespace {

using Json = nlohmann::json;

constexpr std::size_t columns = 7;
constexpr std::array<std::string_view, columns> titles = {"count",  "state",      "wait",    "oldest",
                                                          "memory", "started at", "waits at"};
constexpr std::array<bool, columns> to_the_right = {true, false, false, true, true, false, false};

struct Group {
  std::array<std::string, columns> cells;
  bool leaked = false;
  std::uint64_t count = 0;
};

std::string text_of(const Json& task, const char* key) {
  const auto found = task.find(key);
  if (found == task.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) return "-";
  std::string text = found->get<std::string>();
  for (char& c : text) {
    if (!http::detail::is_text_char(c)) c = '?';
  }
  return text;
}

double number_of(const Json& task, const char* key) {
  const auto found = task.find(key);
  return found != task.end() && found->is_number() ? std::max(found->get<double>(), 0.0) : 0.0;
}

std::string age(double seconds) {
  const bool minutes = seconds >= 120;
  const bool hours = seconds >= 7200;
  std::array<char, 32> text;
  const double value = hours ? seconds / 3600 : minutes ? seconds / 60 : seconds;
  const char* unit = hours ? "h" : minutes ? "m" : "s";
  std::snprintf(text.data(), text.size(), "%.1f%s", std::min(value, 1e9), unit);
  return text.data();
}

Group group_of(const Json& task) {
  Group group;
  group.count = static_cast<std::uint64_t>(std::min(number_of(task, "count"), 1e15));
  const std::string state = text_of(task, "state");
  group.leaked = state == "leaked";
  group.cells = {std::to_string(group.count),
                 state,
                 text_of(task, "wait"),
                 age(number_of(task, "oldest_age_seconds")),
                 http::format_size(static_cast<std::uint64_t>(std::min(number_of(task, "bytes"), 1e15))),
                 text_of(task, "site"),
                 text_of(task, "waits_at")};
  return group;
}

// The end of a path says more than its beginning.
std::string shortened(const std::string& place, std::size_t width) {
  if (place.size() <= width) return place;
  return "…" + place.substr(place.size() - (width - 1));
}

std::size_t cells(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

void append_row(std::string& out, const std::array<std::string, columns>& row,
                const std::array<std::size_t, columns>& widths) {
  std::string line;
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string blanks(widths[i] - std::min(widths[i], cells(row[i])), ' ');
    line += to_the_right[i] ? blanks + row[i] : row[i] + blanks;
    line += "  ";
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line;
}

std::string table_of(std::vector<Group> groups, const TableStyle& style) {
  std::ranges::stable_sort(groups, [](const Group& a, const Group& b) {
    return a.leaked != b.leaked ? a.leaked : a.count > b.count;
  });
  std::array<std::size_t, columns> widths;
  for (std::size_t i = 0; i < columns; ++i) widths[i] = titles[i].size();
  for (const Group& group : groups) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], cells(group.cells[i]));
  }
  // The two places share what the others leave.
  const std::size_t width = std::max<std::size_t>(style.width, 80);
  std::size_t others = 2 * (columns - 1);
  for (std::size_t i = 0; i + 2 < columns; ++i) others += widths[i];
  const std::size_t places = width > others + 24 ? width - others : 24;
  std::size_t& site = widths[columns - 2];
  std::size_t& waits_at = widths[columns - 1];
  if (site + waits_at > places) {
    site = std::min(site, std::max(places / 2, places - std::min(places, waits_at)));
    waits_at = std::min(waits_at, places - site);
  }

  std::array<std::string, columns> header;
  std::ranges::copy(titles, header.begin());
  std::string out = style.color ? "\x1b[1m" : "";
  append_row(out, header, widths);
  out += style.color ? "\x1b[0m\n" : "\n";
  for (Group& group : groups) {
    group.cells[columns - 2] = shortened(group.cells[columns - 2], site);
    group.cells[columns - 1] = shortened(group.cells[columns - 1], waits_at);
    if (style.color && group.leaked) out += "\x1b[31m";
    append_row(out, group.cells, widths);
    out += style.color && group.leaked ? "\x1b[0m\n" : "\n";
  }
  return out;
}

}  // namespace

std::expected<std::string, std::string> task_table(std::string_view json, TableStyle style) {
  const Json parsed = Json::parse(json, nullptr, false);
  const auto tasks = parsed.is_object() ? parsed.find("tasks") : parsed.end();
  if (!parsed.is_object() || tasks == parsed.end() || !tasks->is_array()) {
    return std::unexpected("the answer is not the list of tasks of a leash server");
  }
  std::vector<Group> groups;
  std::uint64_t leaked = 0;
  for (const Json& task : *tasks) {
    if (!task.is_object()) continue;
    groups.push_back(group_of(task));
    if (groups.back().leaked) leaked += groups.back().count;
  }
  const auto live = static_cast<std::uint64_t>(std::min(number_of(parsed, "live"), 1e15));

  std::string out;
  if (!groups.empty()) out = table_of(std::move(groups), style) + "\n";
  out += std::to_string(live) + (live == 1 ? " task live, " : " tasks live, ") + std::to_string(leaked) +
         " leaked\n";
  if (const auto stuck = parsed.find("unresponsive"); stuck != parsed.end() && stuck->is_array()) {
    for (const Json& loop : *stuck) {
      std::string name = loop.is_string() ? loop.get<std::string>() : loop.dump();
      std::ranges::replace_if(
          name, [](char c) { return !http::detail::is_text_char(c); }, '?');
      out += "not listed: the tasks of " + name + ", which does not respond\n";
    }
  }
  return out;
}

}  // namespace client
