// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads the trace of a request from its fields, and passes it on (W3C Trace Context).
//
// What it is     traceparent (00-TRACE-PARENT-FLAGS, lower-case hexadecimal) and tracestate.
// Guarantees     no input is an error: a missing, malformed or repeated trace is ignored, and a new one begins; an invalid
//                tracestate is dropped. Outgoing fields name this side as the parent, with a new random ID each
//                time.
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

// Without the tracestate. A version above 00 may have more fields at its end.
std::optional<leash::Trace> parse_traceparent(std::string_view value) noexcept;

// Whether it is a list of at most 32 KEY=VALUE pairs; empty elements are allowed.
bool is_valid_tracestate(std::string_view value) noexcept;

// Adds the fields to a call that is part of the trace.
void add_trace(Headers& headers, const leash::Trace& trace);

}  // namespace http
