// SPDX-License-Identifier: BSL-1.0
#include "leash/error.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace leash {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "leash"; }

  std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
      case errc::canceled:
        return "context canceled";
      case errc::deadline_exceeded:
        return "context deadline exceeded";
      case errc::closed:
        return "channel closed";
      case errc::deadlock:
        return "all tasks are asleep: deadlock";
      case errc::finished:
        return "finished";
      case errc::disconnected:
        return "client disconnected";
      case errc::shutdown:
        return "shutdown";
    }
    return "leash error " + std::to_string(value);
  }

  std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<errc>(value)) {
      case errc::deadline_exceeded:
        return std::errc::timed_out;
      case errc::canceled:
      case errc::finished:
      case errc::disconnected:
      case errc::shutdown:
        return std::errc::operation_canceled;
      case errc::closed:
        return std::errc::broken_pipe;
      case errc::deadlock:
        return std::errc::resource_deadlock_would_occur;
    }
    return {value, *this};
  }
};

// Not in the function, which would then ask at each call whether it exists.
constinit const Category the_category;

}  // namespace

const std::error_category& error_category() noexcept { return the_category; }

// By the names of Asio's categories: Asio and Boost.Asio each have their own, and this is for both.
bool is_cancellation(const std::error_code& error) noexcept {
  if (error == std::errc::operation_canceled || error == errc::deadline_exceeded) return true;
  const std::string_view category = error.category().name();
  constexpr int channel_cancelled = 2;
  return (category == "asio.system" && error.value() == ECANCELED) ||
         (category == "asio.channel" && error.value() == channel_cancelled);
}

void fail(const char* what, std::source_location where) noexcept {
  std::fprintf(stderr, "leash: %s (%s:%u)\n", what, where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace leash
