// SPDX-License-Identifier: BSL-1.0
#include "http/message/detail/section_scanner.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/message/detail/ascii.hpp"

namespace http::detail {
namespace {

using Section = SectionScanner::Result;
using Start = SectionScanner::Start;

constexpr SectionLimits limits{.start_line = 20, .bytes = 60, .fields = 3};

TEST(SectionScanner, StopsAfterTheStartLineAndAfterTheEmptyLine) {
  SectionScanner scanner(Start::line, limits);
  const std::string bytes = "\r\nstart\r\nA: b\r\n\r\nrest";
  const auto line = scanner.scan(bytes);
  EXPECT_EQ(line.result, Section::start_line);
  EXPECT_EQ(line.consumed, 9U);
  const auto fields = scanner.scan(std::string_view(bytes).substr(9));
  EXPECT_EQ(fields.result, Section::complete);
  EXPECT_EQ(bytes.substr(9 + fields.consumed), "rest");
}

TEST(SectionScanner, NeedsNoStartLineForTrailers) {
  SectionScanner scanner(Start::fields, limits);
  EXPECT_EQ(scanner.scan("\r\n").result, Section::complete);
  scanner.reset();
  EXPECT_EQ(scanner.scan("A: b\r\n\r\n").result, Section::complete);
}

TEST(SectionScanner, ReportsOffenseAtOffendingByte) {
  const struct {
    std::string bytes;
    Section result;
  } cases[] = {
      {"A: b\n", Section::bare_lf},
      {"A: b\rc", Section::bare_cr},
      {std::string("A\0", 2), Section::control_character},
      {"A: b\r\n ", Section::folded_line},
      {" ", Section::folded_line},
      {"A: b\r\n:", Section::nameless_field},
      {"A ", Section::malformed_name},
      {"A\t", Section::malformed_name},
      {"A(", Section::malformed_name},
      {"A\xc3", Section::malformed_name},
      {"A: b\r\nB\r", Section::malformed_name},
      {"a:\r\nb:\r\nc:\r\nd", Section::too_many_fields},
      {"x:" + std::string(59, 'x'), Section::too_many_bytes},
      {"x:" + std::string(57, 'x') + "\r\n", Section::too_many_bytes},
  };
  for (const auto& one : cases) {
    SectionScanner scanner(Start::fields, limits);
    const auto all_but_one = scanner.scan(std::string_view(one.bytes).substr(0, one.bytes.size() - 1));
    EXPECT_EQ(all_but_one.result, Section::need_more) << one.bytes;
    EXPECT_EQ(scanner.scan(one.bytes.substr(one.bytes.size() - 1)).result, one.result) << one.bytes;
  }
  SectionScanner scanner(Start::line, limits);
  EXPECT_EQ(scanner.scan(std::string(20, 'x')).result, Section::need_more);
  EXPECT_EQ(scanner.scan("x").result, Section::start_line_too_long);
}

TEST(SectionScanner, ReportsFirstExceededLimitForAnySplit) {
  constexpr SectionLimits close{.start_line = 59, .bytes = 60, .fields = 3};
  for (const std::string start : {"", "\r\n"}) {  // with an empty line before it, the bytes run out first
    const std::string bytes = start + std::string(80, 'x');
    const Section expected = start.empty() ? Section::start_line_too_long : Section::too_many_bytes;
    SectionScanner whole(Start::line, close);
    EXPECT_EQ(whole.scan(bytes).result, expected);
    SectionScanner cut(Start::line, close);
    Section result = Section::need_more;
    for (std::size_t at = 0; result == Section::need_more && at < bytes.size(); ++at) {
      result = cut.scan(std::string_view(bytes).substr(at, 1)).result;
    }
    EXPECT_EQ(result, expected);
  }
}

TEST(SectionScanner, PrefersStartLineErrorWhenBothLimitsPassAtOnce) {
  SectionScanner scanner(Start::line, {.start_line = 60, .bytes = 60, .fields = 3});
  EXPECT_EQ(scanner.scan(std::string(61, 'x')).result, Section::start_line_too_long);
}

TEST(SectionScanner, FindsInvalidNameByteAtAnyPosition) {
  for (int value = 0; value < 256; ++value) {
    const char byte = static_cast<char>(value);
    for (std::size_t at = 1; at < 20; ++at) {
      std::string bytes(21, 'x');
      bytes[at] = byte;
      SectionScanner scanner(Start::fields, limits);
      const auto scan = scanner.scan(bytes);
      EXPECT_EQ(scan.result == Section::need_more, is_token_char(byte) || byte == ':')
          << value << " at " << at;
    }
  }
}

TEST(SectionScanner, FindsInvalidTextByteAtAnyPosition) {
  for (int value = 0; value < 256; ++value) {
    const char byte = static_cast<char>(value);
    for (std::size_t at = 2; at < 20; ++at) {
      std::string bytes = "x:" + std::string(19, 'x');
      bytes[at] = byte;
      SectionScanner scanner(Start::fields, limits);
      const auto scan = scanner.scan(bytes);
      EXPECT_EQ(scan.result == Section::need_more, is_text_char(byte)) << value << " at " << at;
    }
  }
}

}  // namespace
}  // namespace http::detail
