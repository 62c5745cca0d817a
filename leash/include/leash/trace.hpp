// SPDX-License-Identifier: BSL-1.0
#pragma once
// The trace (W3C Trace Context) that the work of a context belongs to; reports of tasks name it.
//
// What it is     a context value: the ID that all services along a request share, the flags (1: sampled), and the
//                tracestate of other tracers.
// Guarantees     it is carried but not interpreted: leash neither creates nor samples traces.
// Threads        a plain value.
//
//   leash::Trace trace;
//   trace.high = 0x4bf92f3577b34da6;
//   trace.low = 0xa3ce929d0e0e4736;
//   const leash::Context traced = leash::with_value<leash::Trace>(ctx, trace);
//   if (const leash::Trace* of = traced.value<leash::Trace>()) log(of->id());

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace leash {

struct Trace {
  using type = Trace;  ///< it is its own key

  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint8_t flags = 0;
  std::string state = {};

  /// 32 hexadecimal digits.
  std::string id() const {
    std::string text(32, '0');
    for (std::size_t i = 0; i < 16; ++i) {
      text[15 - i] = digits[high >> (4 * i) & 0xf];
      text[31 - i] = digits[low >> (4 * i) & 0xf];
    }
    return text;
  }

 private:
  static constexpr std::string_view digits = "0123456789abcdef";
};

}  // namespace leash
