// SPDX-License-Identifier: BSL-1.0
#pragma once
// The fields of a head that say where its message ends and what comes after it: Content-Length, Transfer-Encoding
// and Connection, collected in one pass (RFC 9112 sections 6 and 9.3).
//
// Requires       fields whose text stays where it is for as long as the result is used.
// Guarantees     nothing is judged: what is repeated or contradicts itself is counted, and the reader refuses it.
// Threads        any; nothing here has state.
//
//   const FramingFields found = framing_fields(fields);
//   if (found.has_transfer_encoding && found.content_lengths > 0) ...  // two parties could read it differently

#include <string_view>

#include "http/message/message.hpp"

namespace http::detail {

struct FramingFields {
  int content_lengths = 0;
  std::string_view content_length;  // of the last one, as it was written
  bool has_transfer_encoding = false;
  int chunked = 0;  // codings, over all fields
  int other_codings = 0;
  bool chunked_is_last = false;
  bool close = false;
  bool keep_alive = false;
};

[[nodiscard]] FramingFields framing_fields(const HeaderViews& fields) noexcept;

}  // namespace http::detail
