// SPDX-License-Identifier: BSL-1.0
// traceparent and tracestate: for any input, the output is valid and has the same trace.

#include "http/message/trace_context.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message/detail/ascii.hpp"
#include "http/message/message.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using fuzz::require;

http::HeaderViews views_of(const http::Headers& headers) {
  http::HeaderViews views;
  for (const auto& [name, value] : headers) views.add(name, value);
  return views;
}

void fuzz_sent_on(const leash::Trace& trace) {
  http::Headers sent;
  http::add_trace(sent, trace);
  const auto parent = sent.find(http::traceparent_field);
  require(parent && http::parse_traceparent(*parent).has_value(), "what is sent on is valid");
  require((trace.high | trace.low) != 0, "no trace has no id");
  const leash::Trace again = http::trace_of(views_of(sent));
  require(again.id() == trace.id() && again.state == trace.state, "it is the same trace");
  require(again.flags == (trace.flags & 1), "only the flag that is known is sent on");
}

}  // namespace

// Lines: the first is a traceparent, the others are tracestates.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  http::HeaderViews headers;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    headers.add(headers.empty() ? http::traceparent_field : http::tracestate_field, line);
  }

  const leash::Trace trace = http::trace_of(headers);
  const auto parsed = headers.empty() ? std::nullopt : http::parse_traceparent(headers.begin()->value);
  if (parsed) {
    const std::string_view text = headers.begin()->value;
    require(text.substr(3, 32) == parsed->id(), "the id is in the text as it is");
    require(trace.id() == parsed->id() && trace.flags == parsed->flags, "a valid trace is taken over");
  } else {
    require(trace.state.empty() && trace.flags == 0, "a trace that begins here has nothing of the caller's");
  }
  require(trace.state.empty() || http::is_valid_tracestate(trace.state), "a state that is kept is valid");
  require(http::detail::is_text(trace.state), "and can be sent");
  fuzz_sent_on(trace);
  return 0;
}
