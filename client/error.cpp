#include "client/error.hpp"

#include <string>

namespace client {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "client"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::refused:
        return "the server closed the connection without an answer";
      case errc::truncated:
        return "the server closed the connection in the middle of its answer";
      case errc::malformed:
        return "the server's answer is not valid HTTP";
      case errc::too_large:
        return "the server's answer is larger than is taken here";
    }
    return "unknown error";
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

}  // namespace client
