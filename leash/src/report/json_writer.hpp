// SPDX-License-Identifier: BSL-1.0
#pragma once
// Writes JSON as text, value by value.
//
// What it is     appends to a string of the caller, with commas and quotes. It builds no tree: a tree of nlohmann::json
//                needs memory even to be destroyed, and ends the process if there is none. Internal.
// Requires       calls are in the order of the text. In an object each value follows a key, and each begin has an end.
// Guarantees     bytes that are not UTF-8 are replaced. Numbers that JSON does not have (NaN, infinity) become null. It
//                throws only if memory runs out.
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

  // The size of the text so far, in bytes.
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
  // Appends text that is already JSON.
  JsonWriter& raw(std::string_view json) { return append(json); }

  template <class T>
  JsonWriter& member(std::string_view name, const T& of) {
    return key(name).value(of);
  }
  // An array; `of` returns the value of each element.
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
  bool comma_ = false;  // whether a comma precedes the next key or value
};

}  // namespace leash::detail
