// SPDX-License-Identifier: BSL-1.0
#include "server/patterns/pattern.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace server {
namespace {
constexpr std::array<Pattern, 7> all{{
    {"receive", receive_leaky, receive_fixed},
    {"send", send_leaky, send_fixed},
    {"poller", poller_leaky, poller_fixed},
    {"error", error_leaky, error_fixed},
    {"timer", timer_leaky, timer_fixed},
    {"upstream", upstream_leaky, upstream_fixed, upstream_limit},
    {"wait_group", wait_group_leaky, wait_group_fixed},
}};
}  // namespace

std::uint64_t Payload::read() const noexcept {
  return std::accumulate(bytes_.begin(), bytes_.end(), std::uint64_t{0});
}

const Pattern& PatternState::next() noexcept { return all[turn++ % all.size()]; }

std::span<const Pattern> patterns() noexcept { return all; }

const Pattern* find_pattern(std::string_view name) noexcept {
  if (name == "loop") name = "poller";
  if (name == "lock") name = "wait_group";
  const auto* at = std::find_if(all.begin(), all.end(), [name](const Pattern& p) { return p.name == name; });
  return at == all.end() ? nullptr : at;
}

const std::string& pattern_names() {
  static const std::string names = [] {
    std::string text;
    for (const Pattern& pattern : all) text += std::string(pattern.name) + ", ";
    return text + "mixed";
  }();
  return names;
}

}  // namespace server
