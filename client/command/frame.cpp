// SPDX-License-Identifier: BSL-1.0
#include "client/command/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "cli/text.hpp"
#include "units/number.hpp"

namespace client {
namespace {

constexpr const char* keys = "q quit   space refresh";

// `left` is shortened if both do not fit.
std::string at_both_ends(const std::string& left, const std::string& right, std::size_t width) {
  const std::size_t room = width - std::min(width, cli::cells(right) + 2);
  const std::string shown = cli::clipped(left, room);
  return shown + std::string(width - std::min(width, cli::cells(shown) + cli::cells(right)), ' ') + right;
}

}  // namespace

std::vector<std::string> framed(const Frame& frame, std::vector<Line> summary, std::vector<Line> body,
                                std::string_view unit, const cli::Terminal& terminal) {
  std::vector<Line> lines = {{at_both_ends(frame.title, frame.time, terminal.width), Look::strong}};
  for (Line& line : summary) lines.push_back(std::move(line));
  if (!frame.another_since.empty())
    lines.push_back({fmt::format("another process since {}", frame.another_since), Look::doubtful});
  if (!frame.problem.empty()) lines.push_back({frame.problem, Look::alarming});
  lines.push_back({});

  const std::size_t room =
      terminal.height - std::min(terminal.height, lines.size() + 2);  // one line is for the keys
  if (body.size() > room && room > 0) {
    const std::size_t more = body.size() - (room - 1);
    body.resize(room - 1);
    body.push_back({fmt::format("… and {} more", units::counted(more, unit)), Look::faint});
  }
  for (Line& line : body) lines.push_back(std::move(line));

  lines.resize(std::max<std::size_t>(terminal.height, 1) - 1);
  lines.push_back({keys, Look::faint});
  std::vector<std::string> all;
  for (Line& line : lines) {
    line.text = cli::clipped(line.text, terminal.width);
    if (line.look == Look::title) line.text.append(terminal.width - cli::cells(line.text), ' ');
    all.push_back(painted(line, terminal.color));
  }
  return all;
}

}  // namespace client
