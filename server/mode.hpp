// SPDX-License-Identifier: BSL-1.0
#pragma once
// The server's mode, leaky or fixed. The HTTP service keeps it, because it is a label of the request metrics.
//
//   std::optional<server::Mode> mode = server::parse_mode("leaky");
//   server::label_by_mode(service, *mode);  // before the workers are created
//   server::set_mode(service, server::Mode::fixed);

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/server/service.hpp"

namespace server {

enum class Mode : std::uint8_t { fixed, leaky };

constexpr std::string_view to_string(Mode mode) noexcept { return mode == Mode::leaky ? "leaky" : "fixed"; }

constexpr std::optional<Mode> parse_mode(std::string_view text) noexcept {
  if (text == "fixed") return Mode::fixed;
  if (text == "leaky") return Mode::leaky;
  return std::nullopt;
}

inline Mode mode_of(const http::server::Service& service) noexcept {
  return static_cast<Mode>(service.label.usual.load(std::memory_order_relaxed));
}
// Returns the previous mode.
inline Mode set_mode(http::server::Service& service, Mode mode) noexcept {
  return static_cast<Mode>(service.label.usual.exchange(static_cast<std::size_t>(mode)));
}

inline void label_by_mode(http::server::Service& service, Mode mode) {
  service.label.name = "mode";
  service.label.values = {to_string(Mode::fixed), to_string(Mode::leaky)};
  (void)set_mode(service, mode);
}

}  // namespace server
