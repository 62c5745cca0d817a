// SPDX-License-Identifier: BSL-1.0
#include "http/message/message.hpp"

namespace http {

std::string reason(int status) { return "own " + std::to_string(status); }

}  // namespace http
