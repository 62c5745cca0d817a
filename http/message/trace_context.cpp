// SPDX-License-Identifier: BSL-1.0
#include "http/message/trace_context.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "http/message/detail/ascii.hpp"

namespace http {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

// Lower-case digits only: with 16 of them there is no overflow.
std::optional<std::uint64_t> parse_hex(std::string_view text) noexcept {
  std::uint64_t value = 0;
  for (const char c : text) {
    const std::size_t digit = hex_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = (value << 4) | digit;
  }
  return value;
}

std::uint64_t random_id() {
  static thread_local std::mt19937_64 random(std::random_device{}());
  std::uint64_t id = 0;
  while (id == 0) id = random();  // 0 is not a valid id
  return id;
}

std::string hex(std::uint64_t value, std::size_t width) {
  std::string text(width, '0');
  for (std::size_t i = 0; i < width; ++i) text[width - 1 - i] = hex_digits[value >> (4 * i) & 0xf];
  return text;
}

bool is_key(std::string_view text) noexcept {
  const auto is_lower_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || detail::is_digit(c); };
  return !text.empty() && text.size() <= 256 && is_lower_or_digit(text.front()) &&
         std::ranges::all_of(text, [&](char c) {
           return is_lower_or_digit(c) || std::string_view("_-*/@").find(c) != std::string_view::npos;
         });
}

bool is_value(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 256 &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; });
}

}  // namespace

std::optional<leash::Trace> parse_traceparent(std::string_view value) noexcept {
  constexpr std::size_t length = 55;
  if (value.size() < length || value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  const auto version = parse_hex(value.substr(0, 2));
  if (!version || *version == 0xff) return std::nullopt;
  if (value.size() > length && (*version == 0 || value[length] != '-')) return std::nullopt;
  const auto high = parse_hex(value.substr(3, 16));
  const auto low = parse_hex(value.substr(19, 16));
  const auto parent = parse_hex(value.substr(36, 16));
  const auto flags = parse_hex(value.substr(53, 2));
  if (!high || !low || !parent || !flags || (*high | *low) == 0 || *parent == 0) return std::nullopt;
  leash::Trace trace;
  trace.high = *high;
  trace.low = *low;
  trace.flags = static_cast<std::uint8_t>(*flags);
  return trace;
}

bool is_valid_tracestate(std::string_view value) noexcept {
  int members = 0;
  for (;;) {
    const std::size_t comma = value.find(',');
    const std::string_view member = detail::trim(value.substr(0, comma));
    if (!member.empty()) {
      const std::size_t equals = member.find('=');
      if (equals == std::string_view::npos || !is_key(member.substr(0, equals)) ||
          !is_value(member.substr(equals + 1)) || ++members > 32) {
        return false;
      }
    }
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

leash::Trace trace_of(const HeaderViews& headers) {
  std::optional<leash::Trace> trace;
  bool repeated = false;
  std::string state;
  for (const auto& [name, value] : headers) {
    if (detail::iequals(name, traceparent_field)) {
      repeated = repeated || trace;
      trace = parse_traceparent(value);
      if (!trace) repeated = true;  // a valid field beside an invalid one is not used either
    } else if (detail::iequals(name, tracestate_field)) {
      state += (state.empty() ? "" : ",") + std::string(value);
    }
  }
  if (!trace || repeated) {
    leash::Trace begun;
    begun.high = random_id();
    begun.low = random_id();
    return begun;
  }
  if (is_valid_tracestate(state)) trace->state = std::move(state);
  return *std::move(trace);
}

void add_trace(Headers& headers, const leash::Trace& trace) {
  constexpr unsigned sampled = 1;  // the only flag of version 00
  headers.add(std::string(traceparent_field),
              "00-" + trace.id() + "-" + hex(random_id(), 16) + "-" + hex(trace.flags & sampled, 2));
  if (!trace.state.empty()) headers.add(std::string(tracestate_field), trace.state);
}

}  // namespace http
