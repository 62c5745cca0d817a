// SPDX-License-Identifier: BSL-1.0
#include "leash/json.hpp"
#include "site.hpp"

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  std::puts(leash::to_json(leash::take_dump(loop)).dump().c_str());
  return reported_site_is("site.hpp");
}
