#include "http/message/message.hpp"

namespace http {

std::string reason(int status) { return "own " + std::to_string(status); }

}  // namespace http
