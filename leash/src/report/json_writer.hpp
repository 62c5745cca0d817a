// SPDX-License-Identifier: BSL-1.0
#pragma once
// Writes JSON as text, value by value.
//
// What it is     appends to a string that the caller owns; commas and quotes are its business. No tree is built: one of
//                nlohmann's takes memory also to be destroyed, and without it ends the process. Internal.
// Requires       calls in the order of the text: in an object a key before each value, every begin with its end.
// Guarantees     bytes that are not UTF-8 are replaced, numbers that JSON has not (NaN, infinity) are null. Throws only
//                for lack of memory.
// Threads        one.
//
//   std::string text;
//   leash::detail::JsonWriter json(text);
//   json.begin_object().member("count", 3).member("loop", name).key("times").list(times).end_object();

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace leash::detail {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out) {}

  // Of the text so far, in bytes.
  std::size_t size() const noexcept { return out_.size(); }

  JsonWriter& begin_object() { return begin('{'); }
  JsonWriter& end_object() { return end('}'); }
  JsonWriter& begin_array() { return begin('['); }
  JsonWriter& end_array() { return end(']'); }

  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::same_as<bool> auto truth) { return append(truth ? "true" : "false"); }
  JsonWriter& value(double number);
  template <std::integral Whole>
  requires(!std::same_as<Whole, bool>) JsonWriter& value(Whole number) {
    return append(std::to_string(number));
  }
  JsonWriter& null() { return append("null"); }
  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  // What is JSON already.
  JsonWriter& raw(std::string_view json) { return append(json); }

  template <class T>
  JsonWriter& member(std::string_view name, const T& of) {
    return key(name).value(of);
  }
  // An array; `of` gives each element's value.
  template <class Range, class Of = std::identity>
  JsonWriter& list(const Range& range, Of of = {}) {
    begin_array();
    for (const auto& each : range) value(std::invoke(of, each));
    return end_array();
  }

 private:
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  JsonWriter& append(std::string_view text);

  std::string& out_;
  bool comma_ = false;  // before the next key or value
};

}  // namespace leash::detail
