// SPDX-License-Identifier: BSL-1.0
// Not leash's: classes and functions of this program with names that the inspector has, too.
#pragma once
#include <string>
#include <string_view>

namespace http {
std::string escape_html(std::string_view text);
namespace server {
struct Router {
  Router();
  ~Router();
  int routes = 7;
};
}  // namespace server
}  // namespace http

namespace process {
unsigned long resident_bytes() noexcept;
}
