// SPDX-License-Identifier: BSL-1.0
#include "http/message/detail/ascii.hpp"

#include <gtest/gtest.h>

#include <string>

namespace http::detail {
namespace {

static_assert(is_token("X-Request-Timeout-Ms") && is_token("a!#$%&'*+-.^_`|~1"));
static_assert(!is_token("") && !is_token("a b") && !is_token("a:") && !is_token("a(") && !is_token("\xc3"));
static_assert(is_text("a\tb \xc3\xa4") && !is_text("a\r") && !is_text("a\n") && !is_text({"\0", 1}) &&
              !is_text("\x7f"));
static_assert(iequals("Content-Length", "content-LENGTH") && !iequals("a", "ab") && !iequals("[", "{"));
static_assert(trim(" \t a b\t ") == "a b" && trim(" ").empty() && trim("").empty());
static_assert(hex_digit('0') == 0 && hex_digit('a') == 10 && hex_digit('F') == 15 && hex_digit('g') == -1);

// Each byte at each place of a longer text.
TEST(Ascii, FindsTheEndOfText) {
  for (std::size_t size = 0; size < 20; ++size) {
    EXPECT_EQ(text_length(std::string(size, 'a')), size);
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, '\xff');
        text[at] = static_cast<char>(byte);
        const std::size_t length = is_text_char(text[at]) ? size : at;
        EXPECT_EQ(text_length(text), length) << byte << " at " << at << " of " << size;
        text.replace(at + 1, size, size, '\t');  // the first one counts
        EXPECT_EQ(text_length(text), length == at ? at : text.size());
      }
    }
  }
}

TEST(Ascii, LeavesBytesAboveAsciiAlone) { EXPECT_EQ(to_lower('\xc4'), '\xc4'); }

}  // namespace
}  // namespace http::detail
