// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reports as text, to be compared as a whole.
//
// What it is     a report without the values that differ between runs and compilers: durations become TIME,
//                bytes BYTES, and line numbers LINE. Counts, ids, names and files stay.
//
//   EXPECT_EQ(support::without_metrics(leaks->text), "found 1 task that should have ended\n...");

#include <cctype>
#include <string>
#include <string_view>

namespace support {

inline std::string without_metrics(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const char before = at == 0 ? '\n' : text[at - 1];
    if (!std::isdigit(static_cast<unsigned char>(text[at])) || (before != ' ' && before != ':')) {
      plain += text[at++];
      continue;
    }
    std::size_t end = text.find_first_not_of("0123456789.", at);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view rest = text.substr(end);
    const std::string_view digits = text.substr(at, end - at);
    at = end;
    if (before == ':') {
      plain += "LINE";
    } else if (rest.starts_with("ms")) {
      plain += "TIME";
      at += 2;
    } else if (rest.starts_with("s]") || rest.starts_with("s,") || rest.starts_with("s ago")) {
      plain += "TIME";
      at += 1;
    } else if (rest.starts_with(" B") || rest.starts_with(" KiB") || rest.starts_with(" MiB")) {
      plain += "BYTES";
      at += rest.starts_with(" B") ? 2 : 4;
    } else {
      plain += digits;
    }
  }
  return plain;
}

}  // namespace support
