// SPDX-License-Identifier: BSL-1.0
#include "http/message/trace_context.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

constexpr std::string_view parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view id = "4bf92f3577b34da6a3ce929d0e0e4736";

leash::Trace trace_of(std::initializer_list<http::HeaderViews::Field> fields) {
  return http::trace_of(http::HeaderViews(fields));
}

TEST(Traceparent, IsRead) {
  const auto trace = http::parse_traceparent(parent);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->id(), id);
  EXPECT_EQ(trace->flags, 1);
  EXPECT_EQ(http::parse_traceparent("00-00000000000000000000000000000001-0000000000000001-00")->id(),
            "00000000000000000000000000000001");
}

TEST(Traceparent, OfALaterVersionMayHaveMoreAtItsEnd) {
  const std::string rest(parent.substr(2));
  EXPECT_TRUE(http::parse_traceparent("01" + rest));
  EXPECT_TRUE(http::parse_traceparent("fe" + rest + "-what-the-future-brings"));
  EXPECT_FALSE(http::parse_traceparent("01" + rest + "without a hyphen"));
  EXPECT_FALSE(http::parse_traceparent("00" + rest + "-more")) << "version 00 has no more";
}

TEST(Traceparent, IsRejectedIfMalformed) {
  for (const char* value : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
                            "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
    EXPECT_FALSE(http::parse_traceparent(value)) << value;
  }
}

TEST(Tracestate, IsAListOfKeysAndValues) {
  for (const char* value : {"", "a=1", "a=1,b=2", " a=1 ,\tb=2,,", "tenant@system=x/y z", "0key=!"}) {
    EXPECT_TRUE(http::is_valid_tracestate(value)) << value;
  }
  for (const char* value : {"a", "=1", "A=1", "a=", "a=1=2", "a b=1", "a=\x7f", "a=\xc3\xbc", "@a=1"}) {
    EXPECT_FALSE(http::is_valid_tracestate(value)) << value;
  }
  std::string full = "k=v";
  for (int i = 1; i < 32; ++i) full += ",k" + std::to_string(i) + "=v";
  EXPECT_TRUE(http::is_valid_tracestate(full));
  EXPECT_FALSE(http::is_valid_tracestate(full + ",one=more"));
  EXPECT_FALSE(http::is_valid_tracestate("a=" + std::string(257, 'v')));
}

TEST(TraceOfARequest, IsTheCallers) {
  const auto trace =
      trace_of({{"Traceparent", parent}, {"tracestate", "a=1"}, {"host", "x"}, {"TraceState", "b=2"}});
  EXPECT_EQ(trace.id(), id);
  EXPECT_EQ(trace.state, "a=1,b=2");
}

TEST(TraceOfARequest, StartsNewTraceWithoutValidOne) {
  std::set<std::string> ids{std::string(id)};
  for (const auto& trace : {trace_of({}), trace_of({{"traceparent", "nonsense"}, {"tracestate", "a=1"}}),
                            trace_of({{"traceparent", parent}, {"traceparent", parent}}),
                            trace_of({{"traceparent", parent}, {"traceparent", "nonsense"}}),
                            trace_of({{"traceparent", "nonsense"}, {"traceparent", parent}}),
                            trace_of({{"tracestate", "a=1"}})}) {
    EXPECT_TRUE(ids.insert(trace.id()).second) << "a new one each time";
    EXPECT_EQ(trace.state, "") << "a state belongs to its traceparent";
    EXPECT_EQ(trace.flags, 0);
  }
}

TEST(TraceOfARequest, ContinuesWithoutMalformedState) {
  const auto trace = trace_of({{"traceparent", parent}, {"tracestate", "a=1"}, {"tracestate", "?"}});
  EXPECT_EQ(trace.id(), id);
  EXPECT_EQ(trace.state, "");
}

TEST(TraceOfACall, NamesThisSideAsItsParent) {
  leash::Trace trace = *http::parse_traceparent(parent);
  trace.flags = 0xff;
  trace.state = "a=1,b=2";
  std::set<std::string> parents{"00f067aa0ba902b7"};
  for (int i = 0; i < 3; ++i) {
    http::Headers headers;
    http::add_trace(headers, trace);
    const std::string value(headers.find("traceparent").value_or(""));
    ASSERT_EQ(value.size(), parent.size());
    EXPECT_EQ(value.substr(0, 36), std::string(parent.substr(0, 36)));
    EXPECT_TRUE(parents.insert(value.substr(36, 16)).second) << value;
    EXPECT_EQ(value.substr(52), "-01") << "flags that version 00 does not know are not passed on";
    EXPECT_EQ(headers.find("tracestate"), "a=1,b=2");
    EXPECT_TRUE(http::parse_traceparent(value));
  }
  trace.state.clear();
  http::Headers headers;
  http::add_trace(headers, trace);
  EXPECT_FALSE(headers.find("tracestate"));
}

}  // namespace
