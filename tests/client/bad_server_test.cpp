// SPDX-License-Identifier: BSL-1.0
// Valid and invalid responses of servers, one row each. Each call must end with the outcome of its row. The
// connection is reused only after a valid response, the next call succeeds, and nothing is left over.

#include "client/client.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "leash/every_step.hpp"
#include "leash/scope.hpp"
#include "tests/support/client_bench.hpp"
#include "tests/support/every_step.hpp"

namespace {

using client::errc;
using support::StubReply;
using support::StubRequest;
using support::Then;

enum class Connection : std::uint8_t { used_again, closed };

struct Row {
  std::string name;
  StubReply reply = {};
  std::string method = "GET";
  // Either an error, whose message has this part ...
  std::error_condition error = {};
  std::string says = {};
  // ... or a response.
  int status = 200;
  std::string body = {};
  Connection then = Connection::closed;
};

StubReply reply(std::string bytes, Then then = Then::hang) {
  StubReply made;
  made.bytes = std::move(bytes);
  made.then = then;
  return made;
}
StubReply endless(std::string bytes, std::string more, leash::Duration pause = {}) {
  StubReply made = reply(std::move(bytes));
  made.more = std::move(more);
  made.times = 100'000;
  made.pause = pause;
  return made;
}

Row good(std::string name, std::string bytes, std::string body, Connection then = Connection::used_again) {
  Row row{std::move(name), reply(std::move(bytes), Then::keep)};
  row.body = std::move(body);
  row.then = then;
  return row;
}
Row good_until_close(std::string name, std::string bytes, std::string body) {
  Row row = good(std::move(name), std::move(bytes), std::move(body), Connection::closed);
  row.reply.then = Then::close;
  return row;
}
Row with(Row row, std::string method, int status) {
  row.method = std::move(method);
  row.status = status;
  return row;
}
Row bad(std::string name, StubReply answer, auto error, std::string says = {}) {
  Row row{std::move(name), std::move(answer)};
  row.error = make_error_condition(error);
  row.says = std::move(says);
  return row;
}
Row malformed(std::string name, std::string bytes, std::string says) {
  return bad(std::move(name), reply(std::move(bytes)), errc::malformed, std::move(says));
}
Row too_large(std::string name, StubReply answer, std::string says) {
  return bad(std::move(name), std::move(answer), errc::too_large, std::move(says));
}
Row too_late(std::string name, StubReply answer) {
  return bad(std::move(name), std::move(answer), std::errc::timed_out);
}

// The sections are those of RFC 9112 unless another one is named.
const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const std::vector<Row> heads = {
    // Status lines, section 4.
    good("no_reason", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi", "hi"),
    good("no_space_before_no_reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", "hi"),
    good("a_reason_of_other_bytes", "HTTP/1.1 200 \xc3\xa4\r\nContent-Length: 2\r\n\r\nhi", "hi"),
    with(good("an_unknown_status", "HTTP/1.1 599 ?\r\nContent-Length: 2\r\n\r\nhi", "hi"), "GET", 599),
    malformed("tls", "\x15\x03\x01 a handshake failed\r\n\r\n", "control character"),
    malformed("a_page_without_a_head", "<html>\r\n<body>\r\n", "not an HTTP response"),
    malformed("another_protocol", "SSH-2.0-OpenSSH_9.2\r\n", "not an HTTP response"),
    malformed("icy", "ICY 200 OK\r\n\r\n", "not an HTTP response"),
    malformed("lower_case", "http/1.1 200 OK\r\n\r\n", "not an HTTP response"),
    malformed("http_2", "HTTP/2.0 200 OK\r\n\r\n", "Only HTTP/1.1 and HTTP/1.0"),
    malformed("two_spaces", "HTTP/1.1  200 OK\r\n\r\n", "status"),
    malformed("no_digits", "HTTP/1.1 2x0 OK\r\n\r\n", "status"),
    malformed("two_digits", "HTTP/1.1 20 OK\r\n\r\n", "status"),
    malformed("four_digits", "HTTP/1.1 2000 OK\r\n\r\n", "status"),
    malformed("status_below_100", "HTTP/1.1 099 OK\r\n\r\n", "status"),
    malformed("bare_line_feeds", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "line feed"),
    too_large("long_status_line", reply("HTTP/1.1 200 " + std::string(3000, 'x')), "status line"),

    // Fields, section 5.
    good("spaces_around_a_value", ok + "X: \t a \t\r\nContent-Length:  2  \r\n\r\nhi", "hi"),
    good("other_bytes_in_a_value", ok + "X: \xff\xfe\r\nContent-Length: 2\r\n\r\nhi", "hi"),
    malformed("space_before_the_colon", ok + "Content-Length : 2\r\n\r\nhi", "header field"),
    malformed("no_colon", ok + "Content-Length 2\r\n\r\nhi", "header field"),
    malformed("no_name", ok + ": 2\r\n\r\nhi", "no name"),
    // Section 5.2: a user agent replaces the line break by spaces.
    good("folded", ok + "X: a\r\n b\r\nContent-Length: 2\r\n\r\nhi", "hi"),
    malformed("space_before_the_first_field", ok + " X: a\r\n\r\n", "continued on another line"),
    malformed("bare_carriage_return", ok + "X: a\rb\r\n\r\n", "carriage return"),
    malformed("nul", ok + std::string("X: a\0b\r\n\r\n", 10), "control character"),
    too_large("fields_for_ever", endless(ok, "X: y\r\n"), "too many header fields"),
    too_large("a_long_field", reply(ok + "X: " + std::string(3000, 'x')), "too long"),
    too_large("a_line_for_ever", endless("", "HTTP/1.1 200 "), "too long"),
};

const std::vector<Row> bodiless = {
    // Which responses have a body, section 6.3 rules 1 and 2.
    with(good("head_with_a_length", ok + "Content-Length: 1000\r\n\r\n", ""), "HEAD", 200),
    with(good("head_with_chunks", chunked, ""), "HEAD", 200),
    with(good("head_without_a_length", ok + "\r\n", ""), "HEAD", 200),
    with(good("head_with_a_body", ok + "Content-Length: 2\r\n\r\nhi", "", Connection::closed), "HEAD", 200),
    with(good("no_content", "HTTP/1.1 204 No Content\r\n\r\n", ""), "GET", 204),
    with(good("no_content_with_a_length", "HTTP/1.1 204 -\r\nContent-Length: 2\r\n\r\n", "",
              Connection::closed),
         "GET", 204),
    with(good("no_content_with_a_body", "HTTP/1.1 204 -\r\nContent-Length: 2\r\n\r\nhi", "",
              Connection::closed),
         "GET", 204),
    with(good("no_content_with_chunks", "HTTP/1.1 204 -\r\nTransfer-Encoding: chunked\r\n\r\n", "",
              Connection::closed),
         "GET", 204),
    with(good("not_modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n", ""), "GET", 304),
};

const std::vector<Row> interim = {
    // Interim responses, RFC 9110 section 15.2.
    good("interim",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + ok +
             "Content-Length: 2\r\n\r\nhi",
         "hi"),
    malformed("interim_with_a_body",
              "HTTP/1.1 102 -\r\nContent-Length: 2\r\n\r\nhi" + ok + "Content-Length: 2\r\n\r\nhi",
              "not an HTTP response"),
    malformed("switched_protocols", "HTTP/1.1 101 -\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
              "switched protocols"),
    bad("interim_for_ever", endless("", "HTTP/1.1 102 Processing\r\n\r\n", 1ms), errc::malformed,
        "too many interim responses"),
    bad("nothing_but_interim", reply("HTTP/1.1 102 Processing\r\n\r\n", Then::close), errc::truncated),
};

const std::vector<Row> lengths = {
    // Lengths, section 6.3 rules 3 to 6.
    good("a_length", ok + "Content-Length: 2\r\n\r\nhi", "hi"),
    good("a_length_of_nothing", ok + "Content-Length: 0\r\n\r\n", ""),
    malformed("length_and_chunks", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
              "Content-Length"),
    malformed("chunks_and_length", chunked.substr(0, chunked.size() - 2) + "Content-Length: 2\r\n\r\n",
              "Content-Length"),
    malformed("two_lengths", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
              "Content-Length is repeated"),
    malformed("the_same_length_twice", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
              "Content-Length is repeated"),
    malformed("a_list_of_lengths", ok + "Content-Length: 2, 2\r\n\r\nhi", "Content-Length"),
    malformed("negative_length", ok + "Content-Length: -2\r\n\r\n", "Content-Length"),
    malformed("signed_length", ok + "Content-Length: +2\r\n\r\n", "Content-Length"),
    malformed("hexadecimal_length", ok + "Content-Length: 0x2\r\n\r\n", "Content-Length"),
    malformed("empty_length", ok + "Content-Length: \r\n\r\n", "Content-Length"),
    malformed("a_length_beyond_64_bits", ok + "Content-Length: 18446744073709551616\r\n\r\n",
              "Content-Length"),
    too_large("long_body", reply(ok + "Content-Length: 101\r\n\r\n"), "body"),
    bad("less_than_announced", reply(ok + "Content-Length: 9\r\n\r\nhi", Then::close), errc::truncated),
    bad("less_and_a_reset", reply(ok + "Content-Length: 9\r\n\r\nhi", Then::reset), errc::truncated,
        "connection reset"),
    good("more_than_announced", ok + "Content-Length: 1\r\n\r\nhi", "h", Connection::closed),
    good("a_second_response", ok + "Content-Length: 2\r\n\r\nhi" + ok + "Content-Length: 2\r\n\r\nho", "hi",
         Connection::closed),
};

const std::vector<Row> chunks = {
    // Chunks, section 7.1.
    good("chunks", chunked + "2\r\nhi\r\n0\r\n\r\n", "hi"),
    good("chunks_of_one_byte", chunked + "1\r\nh\r\n01\r\ni\r\n000\r\n\r\n", "hi"),
    good("extensions_and_trailers", chunked + "2;a=b\r\nhi\r\n0;e=f\r\nX: y\r\n\r\n", "hi"),
    malformed("another_coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", "only transfer coding"),
    malformed("not_chunked_in_the_end", ok + "Transfer-Encoding: chunked, gzip\r\n\r\n", "ransfer"),
    malformed("identity", ok + "Transfer-Encoding: identity\r\n\r\n", "only transfer coding"),
    malformed("chunked_twice", ok + "Transfer-Encoding: chunked, chunked\r\n\r\n", "ransfer"),
    malformed("no_coding", ok + "Transfer-Encoding:\r\n\r\n", "Transfer-Encoding"),
    malformed("chunks_in_1_0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"),
    malformed("bad_size", chunked + "zz\r\n", "hunk"),
    malformed("no_size", chunked + "\r\nhi\r\n", "hunk"),
    malformed("negative_size", chunked + "-2\r\nhi\r\n", "hunk"),
    malformed("a_size_beyond_64_bits", chunked + "10000000000000000\r\n", "hunk"),
    malformed("longer_than_its_size", chunked + "1\r\nhi\r\n0\r\n\r\n", "hunk"),
    malformed("bad_trailers", chunked + "2\r\nhi\r\n0\r\nX y\r\n\r\n", ""),
    bad("extensions_for_ever", endless(chunked + "2", ";x"), errc::malformed, "hunk"),
    bad("long_extensions", endless(chunked, "1;" + std::string(500, 'x') + "\r\nh\r\n"), errc::malformed,
        "hunk"),
    too_large("large_chunk", reply(chunked + "65\r\n"), "body"),
    too_large("chunks_for_ever", endless(chunked, "1\r\nh\r\n"), "body"),
    too_large("trailers_for_ever", endless(chunked + "0\r\n", "X: y\r\n"), "field"),
    bad("closed_in_a_size", reply(chunked + "2", Then::close), errc::truncated),
    bad("closed_in_a_chunk", reply(chunked + "9\r\nhi", Then::close), errc::truncated),
    bad("closed_after_a_chunk", reply(chunked + "2\r\nhi\r\n", Then::close), errc::truncated),
    bad("closed_in_trailers", reply(chunked + "0\r\nX: y\r\n", Then::close), errc::truncated),
    bad("reset_in_a_chunk", reply(chunked + "9\r\nhi", Then::reset), errc::truncated, "connection reset"),
};

const std::vector<Row> endings = {
    // Bodies that end with the connection, section 6.3 rule 8.
    good_until_close("until_close", ok + "\r\nall of it", "all of it"),
    good_until_close("until_close_in_1_0", "HTTP/1.0 200 OK\r\n\r\nall of it", "all of it"),
    good_until_close("nothing_until_close", ok + "\r\n", ""),
    bad("until_reset", reply(ok + "\r\nnot all of it", Then::reset), errc::truncated, "connection reset"),
    too_large("for_ever", endless(ok + "\r\n", "more and more "), "body"),

    // Whether the connection stays open, section 9.3.
    good("close", ok + "Connection: close\r\nContent-Length: 2\r\n\r\nhi", "hi", Connection::closed),
    good("close_in_a_list", ok + "Connection: x, Close\r\nContent-Length: 2\r\n\r\nhi", "hi",
         Connection::closed),
    good("close_and_keep_alive",
         ok + "Connection: keep-alive\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", "hi",
         Connection::closed),
    good("http_1_0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", Connection::closed),
    good("http_1_0_that_stays", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
         "hi"),

    // No response, half of one, and a late one.
    bad("closed_at_once", reply("", Then::close), errc::refused, "without a response"),
    bad("reset_at_once", reply("", Then::reset), errc::refused, "connection reset"),
    bad("closed_in_the_head", reply("HTTP/1.1 200 OK\r\nContent-", Then::close), errc::truncated,
        "before the response was complete"),
    bad("reset_in_the_head", reply("HTT", Then::reset), errc::truncated, "connection reset"),
    too_late("nothing", reply("")),
    too_late("half_a_head", reply("HTTP/1.1 200 OK\r\nContent-")),
    too_late("half_a_body", reply(ok + "Content-Length: 9\r\n\r\nhi")),
    too_late("half_a_chunk", reply(chunked + "9\r\nhi")),
    too_late("a_body_whose_end_never_comes", reply(ok + "\r\nall of it")),
    too_late("a_byte_now_and_then", endless(ok, "X: y\r\n", 10ms)),
};

struct Table {
  std::string name;
  const std::vector<Row>& rows;
};

class AnswersOfAServer : public testing::TestWithParam<Table> {};

client::Options small_limits() {
  client::Options options;
  options.response.head_bytes = 2000;
  options.response.header_fields = 20;
  options.response.body_bytes = 100;
  return options;
}

StubReply answer(const StubRequest& request, const Row& row) {
  return request.target == "/next" ? support::text("next") : row.reply;
}

leash::Task<leash::Result<client::Response>> call(leash::Context ctx, client::Client& http, http::Url url,
                                                  const Row& row) {
  client::Request request(std::move(url), row.method);
  if (row.error == std::errc::timed_out) request.timeout = 30ms;
  co_return co_await http.call(ctx, std::move(request));
}

void expect(const Row& row, const leash::Result<client::Response>& response) {
  if (!response) {
    EXPECT_EQ(response.error(), row.error) << response.error().message();
    EXPECT_NE(response.error().message().find(row.says), std::string::npos) << response.error().message();
    return;
  }
  EXPECT_FALSE(row.error) << "a response came instead of: " << row.error.message();
  EXPECT_EQ(response->status, row.status);
  EXPECT_EQ(response->body, row.body);
}

leash::Task<> expect_and_call_again(Bench& b, const Row& row) {
  const auto response = co_await call(b.ctx, b.http, b.server.url(), row);
  expect(row, response);
  EXPECT_EQ(b.http.idle_connections(), row.then == Connection::used_again ? 1U : 0U);
  client::Request next(b.server.url("/next"));
  const auto after = co_await b.http.call(b.ctx, std::move(next));
  EXPECT_TRUE(after && after->body == "next");
  EXPECT_EQ(b.server.connections(), row.then == Connection::used_again ? 1 : 2);
  const auto one_is_left = [&b] { return b.server.open() == 1; };
  EXPECT_TRUE(co_await b.eventually(one_is_left));
}

TEST_P(AnswersOfAServer, HaveExpectedOutcomeAndAllowNextCall) {
  for (const Row& row : GetParam().rows) {
    SCOPED_TRACE(row.name);
    Bench::run([&](const StubRequest& request) { return answer(request, row); },
               [&](Bench& b) { return expect_and_call_again(b, row); }, small_limits());
  }
}

// The server, on the same loop, is stopped when the client has ended.
leash::Task<> serve_one_call(leash::Context ctx, leash::Loop& loop, const Row& row) {
  support::StubHttpServer server(loop, [&](const StubRequest& request) { return answer(request, row); });
  leash::Scope serving(loop.background());
  serving.go(server.run(serving.ctx()), "stub server");
  {
    client::Client http(loop, small_limits());
    const auto response = co_await call(ctx, http, server.url(), row);
    const bool told_to_stop = !response && response.error() == leash::errc::canceled;
    if (!told_to_stop) expect(row, response);
  }
  serving.cancel();
  (void)co_await serving.join();
  EXPECT_EQ(server.open(), 0);
}

TEST_P(AnswersOfAServer, CanBeInterruptedAtEveryStep) {
  for (const Row& row : GetParam().rows) {
    SCOPED_TRACE(row.name);
    const bool long_winded = row.error == std::errc::timed_out || row.reply.times > 1;
    if (long_winded) continue;  // has nothing that the others do not have
    const int steps = leash::testing::every_step(
        [&](leash::Context ctx, leash::Loop& loop) { return serve_one_call(ctx, loop, row); });
    EXPECT_GE(steps, 5);
  }
}

INSTANTIATE_TEST_SUITE_P(, AnswersOfAServer,
                         testing::Values(Table{"heads", heads}, Table{"bodiless", bodiless},
                                         Table{"interim", interim}, Table{"lengths", lengths},
                                         Table{"chunks", chunks}, Table{"endings", endings}),
                         [](const auto& table) { return table.param.name; });

}  // namespace
