// SPDX-License-Identifier: BSL-1.0
#include "http/message/detail/chunk_scanner.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace http::detail {
namespace {

using Result = ChunkScanner::Result;

// The result for the whole, which must be the same byte by byte.
ChunkScanner::Scan scan(std::string_view bytes, std::uint64_t* size = nullptr) {
  ChunkScanner whole;
  const auto verdict = whole.scan(bytes);
  ChunkScanner scanner;
  ChunkScanner::Scan piecewise{Result::need_more, 0};
  while (piecewise.result == Result::need_more && piecewise.consumed < bytes.size()) {
    const auto [result, consumed] = scanner.scan(bytes.substr(piecewise.consumed, 1));
    piecewise = {result, piecewise.consumed + consumed};
  }
  EXPECT_EQ(piecewise.result, verdict.result) << bytes;
  EXPECT_EQ(piecewise.consumed, verdict.consumed) << bytes;
  if (size) *size = whole.size();
  return verdict;
}

TEST(ChunkScanner, ReadsSizesInHexadecimal) {
  const struct {
    std::string line;
    std::uint64_t size;
  } cases[] = {{"0", 0},
               {"000", 0},
               {"a", 10},
               {"1F", 31},
               {"00000000000000000000000000000c", 12},
               {"ffffffffffffffff", 0xffff'ffff'ffff'ffffU}};
  for (const auto& one : cases) {
    std::uint64_t size = 1;
    const auto [result, consumed] = scan(one.line + "\r\ndata", &size);
    EXPECT_EQ(result, Result::size) << one.line;
    EXPECT_EQ(consumed, one.line.size() + 2) << one.line;
    EXPECT_EQ(size, one.size) << one.line;
  }
}

TEST(ChunkScanner, IgnoresExtensions) {
  for (const std::string_view line :
       {"5;a", "5;a=b", "5;a=\"b\"", "5;a;b=c;d=\"e\"", "5 ;a", "5\t; a", "5; a = b", "5 ; a = \"b\" ; c",
        "5;a=\"\"", "5;a=\"x;y=z\"", "5;a=\"\\\"\"", "5;a=\"\\\\\"", "5;a=\"\xc3\xa4\t\"",
        "5;!#$%&'*+-.^_`|~=1"}) {
    std::uint64_t size = 0;
    EXPECT_EQ(scan(std::string(line) + "\r\n", &size).result, Result::size) << line;
    EXPECT_EQ(size, 5U) << line;
  }
}

TEST(ChunkScanner, RefusesMalformedSizes) {
  for (const std::string_view line : {"\r\n", "x\r\n", " 5\r\n", "-5\r\n", "+5\r\n", "0x5\r\n", "5x\r\n",
                                      "5,\r\n", "5 \r\n", "5\t\r\n", "5 5\r\n", "5\n", "5\r5", "5\r\r", "\n",
                                      ";a\r\n", "10000000000000000\r\n", "fffffffffffffffff\r\n"}) {
    EXPECT_EQ(scan(line).result, Result::bad_size) << line;
  }
}

TEST(ChunkScanner, RefusesMalformedExtensions) {
  for (const std::string_view line :
       {"5;\r\n", "5;;a\r\n", "5; \r\n", "5;=b\r\n", "5;a=\r\n", "5;a= \r\n", "5;a=b \r\n", "5;a \r\n",
        "5;a b\r\n", "5;a=b c\r\n", "5;a=\"b\r\n", "5;a=\"\n", "5;a=\"\\\r\n", "5;a=\"b\"c\r\n", "5;a=b\n",
        "5;a(\r\n", "5;a=\"b\x01\"\r\n", "5;\xc3\xa4\r\n"}) {
    EXPECT_EQ(scan(line).result, Result::bad_extension) << line;
  }
}

TEST(ChunkScanner, ExpectsALineEndBehindTheDataOfAChunk) {
  const auto after_data = [](std::string_view bytes) {
    ChunkScanner scanner;
    EXPECT_EQ(scanner.scan("1\r\n").result, Result::size);
    scanner.after_data();
    return scanner.scan(bytes);
  };
  EXPECT_EQ(after_data("\r\n2\r\n").result, Result::size);
  EXPECT_EQ(after_data("\r\n2\r\n").consumed, 5U);
  EXPECT_EQ(after_data("\r").result, Result::need_more);
  for (const std::string_view bytes : {"\n2\r\n", "\r2\r\n", "2\r\n", "\r\r\n"}) {
    EXPECT_EQ(after_data(bytes).result, Result::bad_end) << bytes;
  }
}

TEST(ChunkScanner, StartsAgainAfterReset) {
  ChunkScanner scanner;
  EXPECT_EQ(scanner.scan("5;a=\"").result, Result::need_more);
  scanner.reset();
  EXPECT_EQ(scanner.scan("7\r\n").result, Result::size);
  EXPECT_EQ(scanner.size(), 7U);
}

}  // namespace
}  // namespace http::detail
