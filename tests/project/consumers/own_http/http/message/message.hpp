// SPDX-License-Identifier: BSL-1.0
#pragma once
#include <string>

namespace http {

struct Request {
  int number = 0;
};
std::string reason(int status);

}  // namespace http
