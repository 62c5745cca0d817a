// SPDX-License-Identifier: BSL-1.0
#pragma once
// What a peer may send. Sizes are in bytes.
//
//   http::Limits limits;
//   limits.body_bytes = 64 * 1024;
//   http::RequestParser parser{limits};

#include <cstddef>
#include <cstdint>

namespace http {

struct Limits {
  std::size_t request_line = 8 * 1024;     // method, target and version; above: 414
  std::size_t head_bytes = 16 * 1024;      // request line and header fields together; above: 431
  std::size_t header_fields = 100;         // above: 431
  std::uint64_t body_bytes = 1024 * 1024;  // without chunk framing; above: 413
};

// The same for a response; a client trusts its server a little further.
struct ResponseLimits {
  std::size_t head_bytes = 64 * 1024;  // also bounds the status line
  std::size_t header_fields = 100;
  std::uint64_t body_bytes = 1024 * 1024;
};

}  // namespace http
