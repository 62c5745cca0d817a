// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads a server's responses strictly by RFC 9110 and 9112.
//
// What it is     a parser without tolerance: it repairs nothing, and everything must be present. It shares no
//                code with http/, so it does not share its errors.
// Guarantees     a fault for: lines without CR LF at the end, a malformed status line or field, a missing,
//                repeated or wrong Date, missing, double or wrong framing, a body where none is allowed,
//                bytes after a response with "Connection: close", 405 without Allow, and an error that is not
//                application/problem+json.
// Threads        any; no state.
//
//   const auto seen = support::read_strictly(client.receive_all());
//   ASSERT_EQ(seen.fault, "");
//   EXPECT_EQ(seen.responses.at(0).status, 200);

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

struct StrictResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  std::optional<std::string> field(std::string_view name) const;  // the first of this name, whatever its case
  bool closes() const;                                            // "Connection: close"
};

struct StrictReading {
  std::vector<StrictResponse> responses;  // final ones
  std::size_t interim = 0;                // 1xx
  std::string fault;                      // empty if everything is well-formed and complete
};

// Everything that came until the connection was closed. `is_head(n)`: response n answers a HEAD request.
StrictReading read_strictly(std::string_view bytes, const std::function<bool(std::size_t)>& is_head = {});

}  // namespace support
