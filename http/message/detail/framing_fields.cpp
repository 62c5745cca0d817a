// SPDX-License-Identifier: BSL-1.0
#include "http/message/detail/framing_fields.hpp"

#include "http/message/detail/ascii.hpp"

namespace http::detail {
namespace {

void add_transfer_codings(FramingFields& found, std::string_view value) noexcept {
  found.has_transfer_encoding = true;
  for_each_element(value, [&](std::string_view coding) {
    found.chunked_is_last = iequals(coding, "chunked");
    ++(found.chunked_is_last ? found.chunked : found.other_codings);
  });
}

void add_connection_options(FramingFields& found, std::string_view value) noexcept {
  for_each_element(value, [&](std::string_view option) {
    found.close |= iequals(option, "close");
    found.keep_alive |= iequals(option, "keep-alive");
  });
}

}  // namespace

FramingFields framing_fields(const HeaderViews& fields) noexcept {
  FramingFields found;
  for (const auto& field : fields) {
    if (iequals(field.name, "content-length")) {
      ++found.content_lengths;
      found.content_length = field.value;
    } else if (iequals(field.name, "transfer-encoding")) {
      add_transfer_codings(found, field.value);
    } else if (iequals(field.name, "connection")) {
      add_connection_options(found, field.value);
    }
  }
  return found;
}

}  // namespace http::detail
