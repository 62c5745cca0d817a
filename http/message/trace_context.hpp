// SPDX-License-Identifier: BSL-1.0
#pragma once
// The trace of a request, read from its fields and sent on (W3C Trace Context).
//
// What it is     traceparent (00-TRACE-PARENT-FLAGS, lower-case hexadecimal) and tracestate.
// Guarantees     nothing a caller sends is an error: a trace that is missing, malformed or repeated is ignored, and
//                a new one begins; so does a tracestate, which is dropped. What is sent on names this side as the
//                parent, by a new random id each time.
// Threads        any.
//
//   const leash::Trace trace = http::trace_of(request.headers);
//   http::add_trace(call.headers, trace);

#include <optional>
#include <string_view>

#include "http/message/message.hpp"
#include "leash/trace.hpp"

namespace http {

inline constexpr std::string_view traceparent_field = "traceparent";
inline constexpr std::string_view tracestate_field = "tracestate";

// The caller's trace, or a new one with a random id.
leash::Trace trace_of(const HeaderViews& headers);

// Without its state. A version above 00 may have more fields at its end.
std::optional<leash::Trace> parse_traceparent(std::string_view value) noexcept;

// Whether it is a list of at most 32 KEY=VALUE, with empty ones allowed between the commas.
bool is_valid_tracestate(std::string_view value) noexcept;

// For a call that is part of the trace.
void add_trace(Headers& headers, const leash::Trace& trace);

}  // namespace http
