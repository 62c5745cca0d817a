// SPDX-License-Identifier: BSL-1.0
#pragma once
// Strings that are used again and again, so that text which comes and goes with every request allocates nothing.
//
// Guarantees     keeps at most `most` strings, each of at most `most_bytes`; frees the others.
// Threads        one.
//
//   http::SpareStrings spares(8, 4096);
//   std::string text = spares.take();
//   ...
//   spares.give_back(std::move(text));

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace http {

class SpareStrings {
 public:
  SpareStrings(std::size_t most, std::size_t most_bytes) : most_bytes_(most_bytes) { spares_.reserve(most); }

  // Empty, with the memory of the string that was given back last.
  std::string take() noexcept {
    if (spares_.empty()) return {};
    std::string last = std::move(spares_.back());
    spares_.pop_back();
    return last;
  }

  void give_back(std::string text) noexcept {
    const bool has_memory = text.capacity() > std::string().capacity();
    if (!has_memory || text.capacity() > most_bytes_ || spares_.size() == spares_.capacity()) return;
    text.clear();
    spares_.push_back(std::move(text));
  }

 private:
  std::size_t most_bytes_;
  std::vector<std::string> spares_;
};

}  // namespace http
