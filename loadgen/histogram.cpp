// SPDX-License-Identifier: BSL-1.0
#include "loadgen/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace loadgen {
namespace {

// Below `linear` each nanosecond has a bucket. Above it, each doubling of the value has `per_octave` buckets. So the
// width of a bucket is at most 1/1024 of its value, and its middle is at most 1/2048 off.
constexpr int linear_bits = 11;
constexpr std::uint64_t per_octave = std::uint64_t{1} << (linear_bits - 1);

constexpr std::size_t index_of(std::uint64_t value) noexcept {
  const int width = static_cast<int>(std::bit_width(value));
  const int shift = width > linear_bits ? width - linear_bits : 0;
  return static_cast<std::size_t>(static_cast<std::uint64_t>(shift) * per_octave + (value >> shift));
}

constexpr std::uint64_t shift_of(std::size_t index) noexcept {
  return index < 2 * per_octave ? 0 : index / per_octave - 1;
}

constexpr std::uint64_t low_of(std::size_t index) noexcept {
  const std::uint64_t shift = shift_of(index);
  return (index - shift * per_octave) << shift;
}

constexpr std::uint64_t middle_of(std::size_t index) noexcept {
  return low_of(index) + ((std::uint64_t{1} << shift_of(index)) >> 1);
}

constexpr std::size_t bucket_count = index_of(static_cast<std::uint64_t>(Histogram::highest.count())) + 1;

static_assert(index_of(2047) == 2047 && index_of(2048) == 2048 && index_of(4096) == 3072);
static_assert(low_of(2047) == 2047 && low_of(2048) == 2048 && low_of(3072) == 4096);
static_assert(middle_of(2047) == 2047 && middle_of(2048) == 2049 && middle_of(index_of(4097)) == 4098);

std::uint64_t unsigned_count(Histogram::Duration value) noexcept {
  return static_cast<std::uint64_t>(value.count());
}

}  // namespace

Histogram::Histogram() : buckets_(bucket_count) {}

void Histogram::record(Duration value) noexcept {
  saturated_ += value > highest ? 1 : 0;
  value = std::clamp(value, lowest, highest);
  ++buckets_[index_of(unsigned_count(value))];
  ++count_;
  sum_ += unsigned_count(value);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  saturated_ += other.saturated_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void Histogram::reset() noexcept {
  std::ranges::fill(buckets_, 0);
  count_ = saturated_ = sum_ = 0;
  min_ = highest;
  max_ = Duration::zero();
}

Histogram::Duration Histogram::at_quantile(double quantile) const noexcept {
  if (count_ == 0) return Duration::zero();
  // As a double, 0.07 * 100 is slightly above 7. Without the tolerance it would select the eighth value.
  const double wanted = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_) * (1 - 1e-12);
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(wanted)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::clamp(Duration{static_cast<Duration::rep>(middle_of(i))}, min_, max_);
  }
  return max_;
}

std::uint64_t Histogram::count_at_most(Duration value) const noexcept {
  if (value < lowest) return 0;
  if (value >= highest) return count_;
  std::uint64_t seen = 0;
  const std::size_t last = index_of(unsigned_count(value));
  for (std::size_t i = 0; i <= last; ++i) seen += buckets_[i];
  return seen;
}

Histogram::Counts Histogram::to_counts() const {
  Counts counts{.sum = sum_, .saturated = saturated_, .min = min(), .max = max_, .buckets = {}};
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] > 0) counts.buckets.push_back({low_of(i), buckets_[i]});
  }
  return counts;
}

std::optional<Histogram> Histogram::from_counts(const Counts& counts) {
  Histogram histogram;
  std::size_t next = 0;
  for (const auto& [from, count] : counts.buckets) {
    if (from > unsigned_count(highest) || count == 0) return std::nullopt;
    const std::size_t index = index_of(from);
    if (index < next || low_of(index) != from) return std::nullopt;
    next = index + 1;
    histogram.buckets_[index] = count;
    if (__builtin_add_overflow(histogram.count_, count, &histogram.count_)) return std::nullopt;
  }
  if (counts.saturated > histogram.count_) return std::nullopt;
  if (histogram.count_ == 0) return counts == Counts{} ? std::optional(histogram) : std::nullopt;
  const auto is_in = [](Duration value, const Counts::Bucket& bucket) {
    return value >= lowest && value <= highest && low_of(index_of(unsigned_count(value))) == bucket.from;
  };
  if (!is_in(counts.min, counts.buckets.front()) || !is_in(counts.max, counts.buckets.back()))
    return std::nullopt;
  histogram.sum_ = counts.sum;
  histogram.saturated_ = counts.saturated;
  histogram.min_ = counts.min;
  histogram.max_ = counts.max;
  return histogram;
}

Histogram::Duration Histogram::min() const noexcept { return count_ == 0 ? Duration::zero() : min_; }

Histogram::Duration Histogram::mean() const noexcept {
  return count_ == 0 ? Duration::zero() : Duration{static_cast<Duration::rep>(sum_ / count_)};
}

Histogram::Duration Histogram::sum() const noexcept {
  return Duration{static_cast<Duration::rep>(std::min<std::uint64_t>(sum_, INT64_MAX))};
}

}  // namespace loadgen
