// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the reports for people have in common: figures of a result as they are shown.
//
// Guarantees     what is not known is a dash.
// Threads        any.
//
//   for (const auto& [name, quantile] : percentiles) line(name, latency_at(result.latency, quantile));

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "loadgen/report/report.hpp"
#include "units/text.hpp"

namespace loadgen {

inline constexpr std::string_view unknown_figure = "–";

struct Percentile {
  std::string_view name;
  double quantile;
};
inline constexpr std::array percentiles{Percentile{"p50", 0.5}, Percentile{"p90", 0.9},
                                        Percentile{"p99", 0.99}, Percentile{"p99.9", 0.999},
                                        Percentile{"max", 1.0}};

std::string latency_at(const Histogram& latency, double quantile);

// The last look while the load ran.
std::optional<ServerObservation> at_end_of_load(const Evidence& evidence);

std::string figure(const std::optional<ServerObservation>& seen, std::int64_t ServerObservation::*member,
                   std::string (*format)(std::int64_t));

// What is shown of the server before, at the end of the load and after the drain.
struct ServerRow {
  std::string_view name;
  std::int64_t ServerObservation::*member;
  std::string (*format)(std::int64_t);
};
inline constexpr std::array server_rows{
    ServerRow{"tasks", &ServerObservation::tasks, format_count},
    ServerRow{"leaked tasks", &ServerObservation::tasks_leaked, format_count},
    ServerRow{"contexts", &ServerObservation::contexts, format_count},
    ServerRow{"timers", &ServerObservation::timers, format_count},
    ServerRow{"heap", &ServerObservation::heap_bytes, format_bytes},
    ServerRow{"RSS", &ServerObservation::rss_bytes, format_bytes}};

// More than before; a dash when the server was not seen before and after, or restarted.
std::string left_over(const RunResult& result, std::int64_t Judgement::*member);

std::string per_request(const std::optional<double>& value);
std::string bytes_per_request(const std::optional<double>& value);
std::string rss_growth(const RunResult& result);

}  // namespace loadgen
