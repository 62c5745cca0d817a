// SPDX-License-Identifier: BSL-1.0
#pragma once
// Whether the server shows the leak or the cure.
//
//   std::optional<server::Mode> mode = server::parse_mode("leaky");

#include <cstdint>
#include <optional>
#include <string_view>

namespace server {

enum class Mode : std::uint8_t { fixed, leaky };
inline constexpr std::size_t modes = 2;

constexpr std::string_view to_string(Mode mode) noexcept { return mode == Mode::leaky ? "leaky" : "fixed"; }

constexpr std::optional<Mode> parse_mode(std::string_view text) noexcept {
  if (text == "fixed") return Mode::fixed;
  if (text == "leaky") return Mode::leaky;
  return std::nullopt;
}

}  // namespace server
