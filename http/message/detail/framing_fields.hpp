// SPDX-License-Identifier: BSL-1.0
#pragma once
// The fields of a head that determine where the message ends and whether the connection stays: Content-Length,
// Transfer-Encoding and Connection, collected in one pass (RFC 9112 sections 6 and 9.3).
//
// Requires       the text of the fields is valid as long as the result is used.
// Guarantees     nothing is rejected here: repetitions and contradictions are counted, and the reader rejects them.
// Threads        any; there is no state.
//
//   const FramingFields found = framing_fields(fields);
//   if (found.has_transfer_encoding && found.content_lengths > 0) ...  // two parties could read it differently

#include <string_view>

#include "http/message/message.hpp"

namespace http::detail {

struct FramingFields {
  int content_lengths = 0;
  std::string_view content_length;  // of the last field, unchanged
  bool has_transfer_encoding = false;
  int chunked = 0;  // codings, over all fields
  int other_codings = 0;
  bool chunked_is_last = false;
  bool close = false;
  bool keep_alive = false;
};

[[nodiscard]] FramingFields framing_fields(const HeaderViews& fields) noexcept;

}  // namespace http::detail
