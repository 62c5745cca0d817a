// SPDX-License-Identifier: BSL-1.0
#include "loadgen/metrics_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

namespace loadgen {
namespace {

constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

struct NotFinite {
  std::string_view name;
  double value;
};
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::array not_finite{NotFinite{"+Inf", infinity}, NotFinite{"Inf", infinity},
                                NotFinite{"-Inf", -infinity}, NotFinite{"NaN", nan},
                                NotFinite{"Nan", nan}};  // prometheus-cpp writes "Nan"

// Reads one line from left to right. Each step returns false on an error, and sets `error`.
class LineParser {
 public:
  explicit LineParser(std::string_view line) noexcept : rest_(line) {}

  std::string_view error;

  bool parse(Sample& sample) {
    sample.name = take_name(true);
    if (sample.name.empty()) return fail("a metric's name was expected");
    skip_blanks();
    if (take('{') && !parse_labels(sample)) return false;
    skip_blanks();
    if (!parse_value(sample.value)) return false;
    skip_blanks();
    if (!rest_.empty() && !parse_timestamp()) return false;
    return true;
  }

 private:
  bool fail(std::string_view why) noexcept {
    error = why;
    return false;
  }

  void skip_blanks() noexcept {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  bool take(char expected) noexcept {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_name(bool colon_allowed) noexcept {
    std::size_t length = 0;
    while (length < rest_.size()) {
      const char c = rest_[length];
      if (!is_letter(c) && !(is_digit(c) && length > 0) && !(c == ':' && colon_allowed)) break;
      ++length;
    }
    const auto name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return name;
  }

  std::string_view take_word() noexcept {
    const auto word = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(word.size());
    return word;
  }

  bool parse_labels(Sample& sample) {
    while (true) {
      skip_blanks();
      if (take('}')) return true;
      if (rest_.empty()) return fail("'{' is never closed");
      Sample::Label label{.name = std::string{take_name(false)}, .value = {}};
      if (label.name.empty()) return fail("a label's name was expected");
      skip_blanks();
      if (!take('=')) return fail("'=' was expected after a label's name");
      skip_blanks();
      if (!take('"')) return fail("a label's value must be in quotes");
      if (!parse_quoted(label.value)) return false;
      sample.labels.push_back(std::move(label));
      skip_blanks();
      if (!take(',') && !rest_.starts_with('}')) {
        return fail(rest_.empty() ? "'{' is never closed" : "',' or '}' was expected after a label");
      }
    }
  }

  bool parse_quoted(std::string& value) {
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\') {
        value += c;
        continue;
      }
      if (rest_.empty()) break;
      const char escaped = rest_.front();
      rest_.remove_prefix(1);
      if (escaped != 'n' && escaped != '\\' && escaped != '"')
        return fail("unknown escape in a label's value");
      value += escaped == 'n' ? '\n' : escaped;
    }
    return fail("a label's value is never closed");
  }

  bool parse_value(double& value) noexcept {
    auto word = take_word();
    if (word.empty()) return fail("a value was expected");
    for (const auto& [name, meaning] : not_finite) {
      if (word != name) continue;
      value = meaning;
      return true;
    }
    if (word.starts_with('+')) word.remove_prefix(1);
    const auto end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) return fail("the value is not a number");
    return true;
  }

  bool parse_timestamp() noexcept {
    const auto word = take_word();
    long long milliseconds = 0;
    const auto end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, milliseconds);
    skip_blanks();
    if (read.ec != std::errc{} || read.ptr != end || !rest_.empty()) {
      return fail("after the value only a time stamp may follow");
    }
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string_view Sample::label(std::string_view label_name) const noexcept {
  const auto found = std::ranges::find(labels, label_name, &Label::name);
  return found == labels.end() ? std::string_view{} : std::string_view{found->value};
}

std::optional<double> Metrics::sum(std::string_view name,
                                   std::initializer_list<LabelIs> filter) const noexcept {
  std::optional<double> total;
  for (const auto& sample : samples_) {
    if (sample.name != name) continue;
    if (!std::ranges::all_of(filter, [&](const LabelIs& is) { return sample.label(is.name) == is.value; }))
      continue;
    total = total.value_or(0) + sample.value;
  }
  return total;
}

std::expected<Metrics, std::string> parse_metrics(std::string_view text) {
  std::vector<Sample> samples;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto fail = [&](std::string_view why) {
      return std::unexpected{fmt::format("metrics, line {}: {}", number, why)};
    };
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return fail("the text is truncated: the last line has no newline");
    auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    if (line.empty() || line.starts_with('#')) continue;

    Sample sample;
    LineParser parser{line};
    if (!parser.parse(sample)) return fail(parser.error);
    samples.push_back(std::move(sample));
  }
  return Metrics{std::move(samples)};
}

}  // namespace loadgen
