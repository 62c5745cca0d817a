// SPDX-License-Identifier: BSL-1.0
#include "http/message/detail/framing_fields.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>

namespace http::detail {
namespace {

struct Field {
  std::string_view name;
  std::string_view value;
};

FramingFields of(std::initializer_list<Field> fields) {
  HeaderViews views;
  for (const Field& field : fields) views.add(field.name, field.value);
  return framing_fields(views);
}

TEST(FramingFields, AreNoneInAHeadWithoutThem) {
  const FramingFields found = of({{"Host", "a"}, {"Content-Type", "text/plain"}});
  EXPECT_EQ(found.content_lengths, 0);
  EXPECT_FALSE(found.has_transfer_encoding);
  EXPECT_FALSE(found.close);
  EXPECT_FALSE(found.keep_alive);
}

TEST(FramingFields, AreFoundInAnyCase) {
  const FramingFields found = of({{"CONTENT-length", "7"}, {"connection", "Close"}});
  EXPECT_EQ(found.content_lengths, 1);
  EXPECT_EQ(found.content_length, "7");
  EXPECT_TRUE(found.close);
}

TEST(FramingFields, CountEachContentLengthAndKeepTheLast) {
  const FramingFields found = of({{"Content-Length", "7"}, {"Content-Length", "8"}});
  EXPECT_EQ(found.content_lengths, 2);
  EXPECT_EQ(found.content_length, "8");
}

TEST(FramingFields, CountTransferCodingsOverAllFields) {
  const FramingFields found = of({{"Transfer-Encoding", "gzip, chunked"}, {"Transfer-Encoding", "Chunked"}});
  EXPECT_TRUE(found.has_transfer_encoding);
  EXPECT_EQ(found.chunked, 2);
  EXPECT_EQ(found.other_codings, 1);
  EXPECT_TRUE(found.chunked_is_last);
}

TEST(FramingFields, SayWhenChunkedIsNotLast) {
  EXPECT_FALSE(of({{"Transfer-Encoding", "chunked, gzip"}}).chunked_is_last);
  EXPECT_FALSE(of({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "gzip"}}).chunked_is_last);
  EXPECT_TRUE(of({{"Transfer-Encoding", "chunked,"}}).chunked_is_last);  // an empty element is none
}

TEST(FramingFields, TakeNoOtherCodingForChunked) {
  const FramingFields found = of({{"Transfer-Encoding", "xchunked, chunked;a=b"}});
  EXPECT_EQ(found.chunked, 0);
  EXPECT_EQ(found.other_codings, 2);
}

TEST(FramingFields, RecognizeEmptyTransferEncoding) {
  const FramingFields found = of({{"Transfer-Encoding", " , "}});
  EXPECT_TRUE(found.has_transfer_encoding);
  EXPECT_EQ(found.chunked + found.other_codings, 0);
}

TEST(FramingFields, ReadEveryOptionOfAConnectionField) {
  const FramingFields found = of({{"Connection", "upgrade, keep-alive"}, {"Connection", "close"}});
  EXPECT_TRUE(found.close);
  EXPECT_TRUE(found.keep_alive);
  EXPECT_FALSE(of({{"Connection", "closed, keep-alive-not"}}).close);
  EXPECT_FALSE(of({{"Connection", "closed, keep-alive-not"}}).keep_alive);
}

}  // namespace
}  // namespace http::detail
