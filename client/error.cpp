// SPDX-License-Identifier: BSL-1.0
#include "client/error.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <string>

namespace client {
namespace {

// All causes seen so far, each once; a code's value is made of its kind and the number of its cause.
class Causes {
 public:
  static constexpr std::size_t most = 256;

  // The result 0 means: no cause.
  std::size_t number_of(std::string_view cause) noexcept {
    if (cause.empty()) return 0;
    const std::scoped_lock lock(mutex_);
    const auto end = causes_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto found = std::find(causes_.begin(), end, cause);
    if (found == end && count_ == most) return 0;
    if (found == end) causes_[count_++] = cause;
    return static_cast<std::size_t>(found - causes_.begin()) + 1;
  }

  std::string_view at(std::size_t number) noexcept {
    const std::scoped_lock lock(mutex_);
    return number == 0 || number > count_ ? std::string_view() : causes_[number - 1];
  }

 private:
  std::mutex mutex_;
  std::array<std::string_view, most> causes_;
  std::size_t count_ = 0;
};

Causes& causes() noexcept {
  static Causes all;
  return all;
}

constexpr int kinds = 16;

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "client"; }

  std::string message(int code) const override {
    std::string text = sentence(static_cast<errc>(code % kinds));
    std::string_view cause = causes().at(static_cast<std::size_t>(code / kinds));
    if (cause.ends_with('.')) cause.remove_suffix(1);
    return cause.empty() ? text : text.append(": ").append(cause);
  }

  std::error_condition default_error_condition(int code) const noexcept override {
    return {code % kinds, *this};
  }

 private:
  static const char* sentence(errc kind) {
    switch (kind) {
      case errc::refused:
        return "the server closed the connection without a response";
      case errc::truncated:
        return "the server closed the connection before the response was complete";
      case errc::malformed:
        return "the server's response is not valid HTTP";
      case errc::too_large:
        return "the server's response is too large";
      case errc::not_tls:
        return "the server does not speak TLS (use http://)";
    }
    return "unknown error";
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(errc kind, std::string_view cause) noexcept {
  return {static_cast<int>(kind) + kinds * static_cast<int>(causes().number_of(cause)), error_category()};
}

}  // namespace client
