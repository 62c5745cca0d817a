// SPDX-License-Identifier: BSL-1.0
#include "http/router.hpp"

namespace http {
std::string escape_html(std::string_view text) { return "mine: " + std::string(text); }
namespace server {
Router::Router() = default;
Router::~Router() = default;
}  // namespace server
}  // namespace http

unsigned long process::resident_bytes() noexcept { return 42; }
