// SPDX-License-Identifier: BSL-1.0
#pragma once
// Parses a server's /metrics: Prometheus's text exposition format, version 0.0.4.
//
// Requires       nothing; the text comes from a peer and may be anything.
// Guarantees     an error is one line that names the line of the text; truncated text is an error, not a smaller
//                number.
// Threads        any.
// Lifetime       Metrics owns its samples; the text need not outlive the call.
//
//   auto metrics = loadgen::parse_metrics(body);
//   if (!metrics) return fail(metrics.error());  // "metrics, line 7: '{' is never closed"
//   auto live = metrics->sum("leash_tasks_live", {{"role", "request"}});

#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loadgen {

struct Sample {
  struct Label {
    std::string name;
    std::string value;
  };

  std::string name;
  std::vector<Label> labels;
  double value = 0;

  // The label's value; empty, as in Prometheus, if there is no such label.
  std::string_view label(std::string_view label_name) const noexcept;
};

class Metrics {
 public:
  struct LabelIs {
    std::string_view name;
    std::string_view value;
  };

  explicit Metrics(std::vector<Sample> samples) : samples_(std::move(samples)) {}

  // The sum over all samples of this name with these labels; empty if there is none.
  std::optional<double> sum(std::string_view name, std::initializer_list<LabelIs> filter = {}) const noexcept;

  std::span<const Sample> samples() const noexcept { return samples_; }

 private:
  std::vector<Sample> samples_;
};

std::expected<Metrics, std::string> parse_metrics(std::string_view text);

}  // namespace loadgen
