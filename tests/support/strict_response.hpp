// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads what a server sent as strictly as RFC 9110 and 9112 are written.
//
// What it is     a parser that is right or fails: nothing is repaired, everything has to be there. It shares no code
//                with http/, so that it does not share its mistakes.
// Guarantees     a fault for: lines not ended by CR LF, a malformed status line or field, a missing, repeated or wrong
//                Date, framing that is missing, double, or not kept to, a body where none may be, bytes behind a
//                response with "Connection: close", 405 without Allow, an error that is not application/problem+json.
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
  std::string fault;                      // empty: all of it is well-formed and complete
};

// Everything that came until the connection was closed. `is_head(n)`: response n answers a HEAD request.
StrictReading read_strictly(std::string_view bytes, const std::function<bool(std::size_t)>& is_head = {});

}  // namespace support
