// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_figures.hpp"

#include <cmath>

#include "units/text.hpp"

namespace loadgen {

std::string latency_at(const Histogram& latency, double quantile) {
  if (latency.count() == 0) return std::string(unknown_figure);
  return format_duration(quantile < 1 ? latency.at_quantile(quantile) : latency.max());
}

std::optional<ServerObservation> at_end_of_load(const Evidence& evidence) {
  if (evidence.during.empty()) return std::nullopt;
  return evidence.during.back();
}

std::string figure(const std::optional<ServerObservation>& seen, std::int64_t ServerObservation::*member,
                   std::string (*format)(std::int64_t)) {
  return seen ? format((*seen).*member) : std::string(unknown_figure);
}

std::string left_over(const RunResult& result, std::int64_t Judgement::*member) {
  const Evidence& evidence = result.evidence;
  if (!evidence.before || !evidence.after || result.judgement.restarts > 0)
    return std::string(unknown_figure);
  return format_count(result.judgement.*member);
}

std::string per_request(const std::optional<double>& value) {
  return value ? format_fixed(*value, 2) : std::string(unknown_figure);
}

std::string bytes_per_request(const std::optional<double>& value) {
  return value ? format_bytes(std::llround(*value)) : std::string(unknown_figure);
}

std::string rss_growth(const RunResult& result) {
  const Evidence& evidence = result.evidence;
  if (!evidence.before || !evidence.after) return std::string(unknown_figure);
  return format_bytes(evidence.after->rss_bytes - evidence.before->rss_bytes);
}

}  // namespace loadgen
