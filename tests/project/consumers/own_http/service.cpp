// SPDX-License-Identifier: BSL-1.0
#include "http/message/message.hpp"
#include "site.hpp"

int main() {
  const http::Request request{7};
  if (http::reason(request.number) != "own 7") return 1;
  return reported_site_is("site.hpp");
}
