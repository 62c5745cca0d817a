// SPDX-License-Identifier: BSL-1.0
#pragma once
// Limits for a peer's messages. Sizes are in bytes.
//
//   http::Limits limits;
//   limits.body_bytes = 64 * 1024;
//   http::RequestParser parser{limits};

#include <cstddef>
#include <cstdint>

namespace http {

struct Limits {
  std::size_t request_line = 8 * 1024;     // method, target and version; longer ones get 414
  std::size_t head_bytes = 16 * 1024;      // request line and header fields together; larger heads get 431
  std::size_t header_fields = 100;         // requests with more fields get 431
  std::uint64_t body_bytes = 1024 * 1024;  // without chunk framing; larger bodies get 413
};

// The same for a response; the limits are wider, because a client trusts its server more.
struct ResponseLimits {
  std::size_t head_bytes = 64 * 1024;  // also bounds the status line
  std::size_t header_fields = 100;
  std::uint64_t body_bytes = 1024 * 1024;
};

}  // namespace http
