// SPDX-License-Identifier: BSL-1.0
#pragma once
// The tables of figures that the text and the page have in common.
//
// Guarantees     unknown values are dashes.
// Threads        any.
//
//   for (const loadgen::FigureTable& table : loadgen::run_tables(result)) print(table);

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/report/report.hpp"

namespace loadgen {

inline constexpr std::string_view unknown_figure = "–";

struct FigureTable {
  struct Row {
    std::string name;
    std::vector<std::string> values;
  };
  std::string caption;
  std::vector<std::string> columns;  // titles of the columns of values
  std::vector<Row> rows;
};

// Latency, requests, and, if its metrics were read, the server.
std::vector<FigureTable> run_tables(const RunResult& result);

// Fixed and leaky side by side.
std::vector<FigureTable> compare_tables(const RunResult& fixed, const RunResult& leaky);

struct Percentile {
  std::string_view name;
  double quantile;
};
inline constexpr std::array percentiles{Percentile{"p50", 0.5},     Percentile{"p90", 0.9},
                                        Percentile{"p95", 0.95},    Percentile{"p99", 0.99},
                                        Percentile{"p99.9", 0.999}, Percentile{"max", 1.0}};

std::string latency_at(const Histogram& latency, double quantile);

// "99.73%"
std::string share(std::int64_t part, std::int64_t whole);

std::string figure(const std::optional<ServerObservation>& seen, std::int64_t ServerObservation::*member,
                   std::string (*format)(std::int64_t));

// The increase since before; a dash if the server was not seen before and after, or restarted.
std::string left_over(const RunResult& result, std::int64_t Judgement::*member);

std::string per_request(const std::optional<double>& value);
std::string bytes_per_request(const std::optional<double>& value);

// "299.8 per second of 300.0 asked"
std::string rate_text(const RunResult& result);

// "the server saw 4,500 requests, 100 of them from other clients"; empty if there were no other clients.
std::string others_text(const Judgement& judgement);

// "http://127.0.0.1:8080/demo (leaky)"
std::string target_text(const RunResult& result);

}  // namespace loadgen
