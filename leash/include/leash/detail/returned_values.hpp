// SPDX-License-Identifier: BSL-1.0
#pragma once
// Values that came back to a channel because their receivers were destroyed before they took them. Internal.
//
// Guarantees     they are returned in the order of their numbers, in which they were handed out, whatever the order in
//                which they came back.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <list>
#include <optional>
#include <utility>

namespace leash::detail {

inline void report_lost_value() noexcept {
  std::fputs(
      "leash: a value of a channel is lost: its receiver was destroyed, and there is no memory to keep it\n",
      stderr);
}

template <class T>
class ReturnedValues {
 public:
  bool empty() const noexcept { return values_.empty(); }
  std::size_t size() const noexcept { return values_.size(); }

  // Here and in take, an exception leaves everything unchanged.
  void put(std::uint32_t number, T&& value) {
    auto at = values_.end();
    while (at != values_.begin() && comes_before(number, std::prev(at)->first)) --at;
    values_.emplace(at, number, std::move(value));
  }
  std::uint32_t take(std::optional<T>& value) {
    value.emplace(std::move(values_.front().second));
    const std::uint32_t number = values_.front().first;
    values_.pop_front();
    return number;
  }

 private:
  static bool comes_before(std::uint32_t a, std::uint32_t b) noexcept {
    return static_cast<std::int32_t>(a - b) < 0;  // the number may wrap
  }
  std::list<std::pair<std::uint32_t, T>> values_;
};

}  // namespace leash::detail
