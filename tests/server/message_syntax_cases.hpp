// SPDX-License-Identifier: BSL-1.0
#pragma once
// The messages that a server must accept or refuse, and how: a row per rule of RFC 9110 and 9112 for origin servers.
//
// What it is     tables for message_syntax_test.cpp. `rfc` is the document and section, `bytes` what is sent. Where
//                the RFC leaves a choice, the outcome is the one this server has chosen.
//
//   {"9112 3.2", "Host is missing", "GET / HTTP/1.1\r\n\r\n", refused(400)}

#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace syntax {

using namespace std::string_literals;

enum class After : unsigned char {
  stays,   // another request is answered
  closes,  // the last response says so, and nothing follows
  either,  // undefined: the body may have been read or not
};

// The responses in their order, and what happens to the connection.
struct Outcome {
  std::vector<int> statuses;
  After after = After::stays;
  std::vector<std::size_t> heads = {};                           // responses to HEAD
  std::vector<std::pair<std::string, std::string>> fields = {};  // of the last response
  std::vector<std::string> absent = {};
  std::vector<std::string> bodies = {};  // of all, where they matter

  Outcome&& with(std::string name, std::string value) && {
    fields.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
  Outcome&& without(std::string name) && {
    absent.push_back(std::move(name));
    return std::move(*this);
  }
  Outcome&& to_head(std::size_t index = 0) && {
    heads.push_back(index);
    return std::move(*this);
  }
  Outcome&& saying(std::vector<std::string> all) && {
    bodies = std::move(all);
    return std::move(*this);
  }
};

inline Outcome answered(std::initializer_list<int> statuses) { return {.statuses = statuses}; }
inline Outcome answered(int status) { return {.statuses = {status}}; }
inline Outcome closed(std::initializer_list<int> statuses) {
  return {.statuses = statuses, .after = After::closes};
}
inline Outcome closed(int status) { return {.statuses = {status}, .after = After::closes}; }
// One response, of this status, and the connection is never used again.
inline Outcome refused(int status) { return {.statuses = {status}, .after = After::closes}; }

enum class Port : unsigned char { open, admin };  // admin: PUT /mode reads a body before it answers

struct Case {
  std::string rfc;
  std::string what;
  std::string bytes;
  Outcome outcome;
  Port port = Port::open;
};

inline std::string line(const std::string& request_line) { return request_line + "\r\nHost: a\r\n\r\n"; }
inline std::string get(const std::string& fields = {}, const std::string& target = "/healthz") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
inline std::string with_host(const std::string& host) {
  return "GET /healthz HTTP/1.1\r\nHost:" + host + "\r\n\r\n";
}
inline std::string post(const std::string& fields, const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}
inline std::string chunked(const std::string& body) { return post("Transfer-Encoding: chunked\r\n", body); }
inline std::string put_mode(const std::string& body) {
  return "PUT /mode HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

inline std::vector<Case> request_lines() {
  return {
      {"9112 3", "a request", get(), answered(200)},
      {"9112 2.2", "an empty line before it", "\r\n" + get(), answered(200)},
      {"9112 2.2", "several empty lines before it", "\r\n\r\n\r\n" + get(), answered(200)},
      {"9112 2.2", "lines ended by LF alone", "GET /healthz HTTP/1.1\nHost: a\n\n", refused(400)},
      {"9112 2.2", "the request line ended by LF alone", "GET /healthz HTTP/1.1\nHost: a\r\n\r\n",
       refused(400)},
      {"9112 2.2", "the head ended by LF alone", "GET /healthz HTTP/1.1\r\nHost: a\r\n\n", refused(400)},
      {"9112 2.2", "LF before the request line", "\n" + get(), refused(400)},
      {"9112 2.2", "a bare CR in it", line("GET /heal\rthz HTTP/1.1"), refused(400)},
      {"9112 2.2", "CR CR LF at its end", "GET /healthz HTTP/1.1\r\r\nHost: a\r\n\r\n", refused(400)},
      {"9112 2.2", "a space before the first field", "GET /healthz HTTP/1.1\r\n Host: a\r\n\r\n",
       refused(400)},
      {"9112 2.2", "a tab before the first field", "GET /healthz HTTP/1.1\r\n\tHost: a\r\n\r\n",
       refused(400)},
      {"9112 3", "two spaces before the target", line("GET  /healthz HTTP/1.1"), refused(400)},
      {"9112 3", "two spaces before the version", line("GET /healthz  HTTP/1.1"), refused(400)},
      {"9112 3", "a space after the version", line("GET /healthz HTTP/1.1 "), refused(400)},
      {"9112 3", "a space before the method", line(" GET /healthz HTTP/1.1"), refused(400)},
      {"9112 3", "tabs between its parts", line("GET\t/healthz\tHTTP/1.1"), refused(400)},
      {"9112 3", "a vertical tab between its parts", line("GET\v/healthz HTTP/1.1"), refused(400)},
      {"9112 3", "a form feed between its parts", line("GET /healthz\fHTTP/1.1"), refused(400)},
      {"9112 3", "no target", line("GET HTTP/1.1"), refused(400)},
      {"9112 3", "no method", line("/healthz HTTP/1.1"), refused(400)},
      {"9112 3", "a method alone", line("GET"), refused(400)},
      {"9112 3", "no version, as HTTP/0.9 has it", "GET /healthz\r\n", refused(400)},
      {"9112 3", "words that are no request", "hello\r\n", refused(400)},
      {"9112 3", "a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, refused(400)},
      {"9112 2.3", "a version without its minor", line("GET /healthz HTTP/1"), refused(400)},
      {"9112 2.3", "a version without digits", line("GET /healthz HTTP/"), refused(400)},
      {"9112 2.3", "a minor version of two digits", line("GET /healthz HTTP/1.10"), refused(400)},
      {"9112 2.3", "a major version of two digits", line("GET /healthz HTTP/11.1"), refused(400)},
      {"9112 2.3", "a version of three parts", line("GET /healthz HTTP/1.1.1"), refused(400)},
      {"9112 2.3", "a version with a comma", line("GET /healthz HTTP/1,1"), refused(400)},
      {"9112 2.3", "a signed version", line("GET /healthz HTTP/+1.1"), refused(400)},
      {"9112 2.3", "a space in the version", line("GET /healthz HTTP/ 1.1"), refused(400)},
      {"9112 2.3", "HTTP in small letters", line("GET /healthz http/1.1"), refused(400)},
      {"9112 2.3", "HTTP in mixed letters", line("GET /healthz Http/1.1"), refused(400)},
      {"9112 2.3", "another protocol", line("GET /healthz RTSP/1.1"), refused(400)},
      {"9110 2.5", "a later minor version is read as 1.1", line("GET /healthz HTTP/1.2"), answered(200)},
      {"9110 2.5", "the latest minor version there can be", line("GET /healthz HTTP/1.9"), answered(200)},
      {"9110 2.5", "a later minor version without Host", "GET /healthz HTTP/1.2\r\n\r\n", refused(400)},
      {"9110 15.6.6", "HTTP/2.0", line("GET /healthz HTTP/2.0"), refused(505)},
      {"9110 15.6.6", "HTTP/3.0", line("GET /healthz HTTP/3.0"), refused(505)},
      {"9110 15.6.6", "HTTP/0.9 by name", line("GET /healthz HTTP/0.9"), refused(505)},
      {"9110 15.6.6", "HTTP/9.9", line("GET /healthz HTTP/9.9"), refused(505)},
      {"9113 3.4", "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refused(505)},
  };
}

inline std::vector<Case> targets() {
  return {
      {"9112 3.2.1", "origin form with a query", get("", "/healthz?a=b&c"), answered(200)},
      {"9112 3.2.1", "origin form with an empty query", get("", "/healthz?"), answered(200)},
      {"9112 3.2.1", "a query alone", get("", "?a"), refused(400)},
      {"9112 3.2.1", "a relative path", get("", "healthz"), refused(400)},
      {"9112 3.2.2", "absolute form", get("", "http://a/healthz"), answered(200)},
      {"9112 3.2.2", "absolute form for another host than Host's", get("", "http://b/healthz"),
       answered(200)},
      {"9112 3.2.2", "absolute form with a port", get("", "http://a:8080/healthz"), answered(200)},
      {"9112 3.2.2", "absolute form with an empty port", get("", "http://a:/healthz"), answered(200)},
      {"9112 3.2.2", "absolute form with an IPv6 address", get("", "http://[::1]:80/healthz"), answered(200)},
      {"9110 4.2.3", "absolute form, the scheme in capitals", get("", "HTTP://a/healthz"), answered(200)},
      {"9110 4.2.3", "absolute form without a path", get("", "http://a"), answered(200)},
      {"9110 4.2.3", "absolute form without a path, with a query", get("", "http://a?b"), answered(200)},
      {"9110 4.2.1", "absolute form without a host", get("", "http:///healthz"), refused(400)},
      {"9110 4.2.1", "absolute form with a port and no host", get("", "http://:80/healthz"), refused(400)},
      {"9110 4.2.1", "absolute form with nothing behind the scheme", get("", "http://"), refused(400)},
      {"9110 4.2.4", "absolute form with user information", get("", "http://u@a/healthz"), refused(400)},
      {"9110 4.2.4", "absolute form with user and password", get("", "http://u:p@a/healthz"), refused(400)},
      {"9112 3.2.2", "absolute form with a wrong port", get("", "http://a:99999/healthz"), refused(400)},
      {"9112 3.2.2", "absolute form with one slash", get("", "http:/healthz"), refused(400)},
      {"9110 7.4", "https on a connection that is not", get("", "https://a/healthz"), refused(400)},
      {"9110 7.4", "another scheme", get("", "ftp://a/healthz"), refused(400)},
      {"9112 3.2.2", "absolute form without Host", "GET http://a/healthz HTTP/1.1\r\n\r\n", refused(400)},
      {"9112 3.2.2", "absolute form with an invalid Host",
       "GET http://a/healthz HTTP/1.1\r\nHost: a b\r\n\r\n", refused(400)},
      {"9112 3.2.3", "authority form with GET", get("", "a:80"), refused(400)},
      {"9112 3.2.3", "authority form with CONNECT", line("CONNECT a:80 HTTP/1.1"), refused(501)},
      {"9112 3.2.4", "asterisk form with OPTIONS", line("OPTIONS * HTTP/1.1"),
       answered(204).with("Allow", "GET, HEAD, POST, OPTIONS")},
      {"9112 3.2.4", "OPTIONS of a URL without a path", line("OPTIONS http://a:80 HTTP/1.1"),
       answered(204).with("Allow", "GET, HEAD, POST, OPTIONS")},
      {"9112 3.2.4", "asterisk form with GET", get("", "*"), refused(400)},
      {"9112 3.2.4", "asterisk form with POST", line("POST * HTTP/1.1"), refused(400)},
      {"9112 3.2.4", "more than an asterisk", line("OPTIONS *a HTTP/1.1"), refused(400)},
      {"9112 3.2.4", "an asterisk with a query", line("OPTIONS *?a HTTP/1.1"), refused(400)},
      {"9110 7.1", "a fragment", get("", "/healthz#a"), refused(400)},
      {"9112 3.2", "a space in it", get("", "/heal thz"), refused(400)},
      {"9112 3.2", "a tab in it", get("", "/heal\tthz"), refused(400)},
      {"9112 3.2", "NUL in it", get("", "/heal\0thz"s), refused(400)},
      {"9112 3.2", "DEL in it", get("", "/heal\x7fthz"), refused(400)},
      {"9112 3.2", "UTF-8 in it", get("", "/h\xc3\xa4lthz"), refused(400)},
      {"9112 3.2", "UTF-8 in its query", get("", "/healthz?\xc3\xa4"), refused(400)},
      {"9112 3.2", "quotes in it", get("", "/\"a\""), refused(400)},
      {"9112 3.2", "angle brackets in it", get("", "/<a>"), refused(400)},
      {"3986 2.1", "a percent sign alone", get("", "/healthz%"), refused(400)},
      {"3986 2.1", "a percent sign and one digit", get("", "/healthz%4"), refused(400)},
      {"3986 2.1", "a percent sign and no digits", get("", "/%zz"), refused(400)},
      {"3986 2.1", "a malformed query, which is no matter of framing", get("", "/healthz?a=%zz"),
       answered(400)},
      {"9110 4.2.3", "paths are compared with case", get("", "/HEALTHZ"), answered(404)},
      {"9112 3.2.1", "a path that is not there", get("", "/nowhere"), answered(404)},
      {"9112 3.2.1", "a slash more at its end", get("", "/healthz/"), answered(404)},
      {"9112 3.2.1", "two slashes at its start are no authority", get("", "//healthz"), answered(404)},
      {"9112 3.2.1", "dots are not resolved", get("", "/a/../healthz"), answered(404)},
      {"9112 3.2.1", "characters that browsers leave as they are", get("", "/{a}|b^c`d\\e?[f]"),
       answered(404)},
  };
}

inline std::vector<Case> fields() {
  std::vector<Case> cases{
      {"9110 5.1", "names are compared without case",
       "GET /healthz HTTP/1.1\r\nhOsT: a\r\ncONNECTION: cLOSE\r\n\r\n", closed(200)},
      {"9110 5.5", "spaces and tabs around a value", get("X: \t v \t\r\n"), answered(200)},
      {"9110 5.5", "no space before a value", get("X:v\r\n"), answered(200)},
      {"9110 5.5", "an empty value", get("X:\r\n"), answered(200)},
      {"9110 5.5", "a value of spaces", get("X:  \t \r\n"), answered(200)},
      {"9110 5.5", "a tab inside a value", get("X: a\tb\r\n"), answered(200)},
      {"9110 5.5", "colons and quotes in a value", get("X: a: \"b\\\"c\", d;e=f\r\n"), answered(200)},
      {"9110 5.5", "bytes above ASCII in a value", get("X: \xc3\xa4\xff\r\n"), answered(200)},
      {"9110 5.3", "a field that is repeated", get("X: a\r\nX: b\r\nx: c\r\n"), answered(200)},
      {"9110 5.6.2", "every character a name may have", get("!#$%&'*+-.^_`|~09azAZ: v\r\n"), answered(200)},
      {"9110 5.1", "a name of one digit", get("1: v\r\n"), answered(200)},
      {"9112 5.1", "a space before the colon", get("X : v\r\n"), refused(400)},
      {"9112 5.1", "a tab before the colon", get("X\t: v\r\n"), refused(400)},
      {"9112 5.1", "a space before the colon of Host", "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n",
       refused(400)},
      {"9112 5.1", "a space in a name", get("X Y: v\r\n"), refused(400)},
      {"9112 5", "no name", get(": v\r\n"), refused(400)},
      {"9112 5", "no colon", get("X\r\n"), refused(400)},
      {"9112 5", "no colon, and spaces", get("X y z\r\n"), refused(400)},
      {"9110 5.1", "UTF-8 in a name", get("X\xc3\xa4: v\r\n"), refused(400)},
      {"9110 5.1", "Latin-1 in a name", get("X\xe4: v\r\n"), refused(400)},
      {"9112 5.2", "a value continued after a space", get("X: a\r\n b\r\n"), refused(400)},
      {"9112 5.2", "a value continued after a tab", get("X: a\r\n\tb\r\n"), refused(400)},
      {"9112 5.2", "an empty continuation", get("X: a\r\n \r\n"), refused(400)},
      {"9112 5.2", "a value that begins on the next line", get("X:\r\n a\r\n"), refused(400)},
      {"9112 5.2", "Host continued", "GET /healthz HTTP/1.1\r\nHost: a\r\n .b\r\n\r\n", refused(400)},
      {"9112 5.2", "Transfer-Encoding continued", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
       refused(400)},
      {"9112 2.2", "a bare CR in a value", get("X: a\rb\r\n"), refused(400)},
      {"9112 2.2", "a bare CR that hides a field", get("X: a\rContent-Length: 5\r\n"), refused(400)},
      {"9112 2.2", "CR CR LF behind a value", get("X: a\r\r\n"), refused(400)},
      {"9112 2.2", "LF alone behind a value", get("X: a\nY: b\r\n"), refused(400)},
      {"9112 2.2", "LF CR instead of CR LF", get("X: a\n\rY: b\r\n"), refused(400)},
  };
  for (const char delimiter : "\"(),/;<=>?@[\\]{}"s) {
    cases.push_back({"9110 5.6.2", "a delimiter in a name: "s + delimiter, get("X"s + delimiter + "Y: v\r\n"),
                     refused(400)});
  }
  for (const int control : {0x00, 0x01, 0x08, 0x0b, 0x0c, 0x0e, 0x1b, 0x1f, 0x7f}) {
    const std::string byte(1, static_cast<char>(control));
    cases.push_back({"9110 5.5", "a control character in a value: " + std::to_string(control),
                     get("X: a" + byte + "b\r\n"), refused(400)});
    cases.push_back({"9110 5.1", "a control character in a name: " + std::to_string(control),
                     get("X" + byte + "Y: v\r\n"), refused(400)});
  }
  return cases;
}

inline std::vector<Case> hosts() {
  std::vector<Case> cases{
      {"9112 3.2", "Host is missing", "GET /healthz HTTP/1.1\r\n\r\n", refused(400)},
      {"9112 3.2", "Host twice, the same", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
       refused(400)},
      {"9112 3.2", "Host twice, not the same", "GET /healthz HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
       refused(400)},
      {"9112 3.2", "Host last", "GET /healthz HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n", answered(200)},
      {"9112 3.2", "HTTP/1.0 has no Host", "GET /healthz HTTP/1.0\r\n\r\n", closed(200)},
      {"9112 3.2", "HTTP/1.0 with Host", "GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n", closed(200)},
      {"9112 3.2", "HTTP/1.0 with Host twice", "GET /healthz HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
       refused(400)},
      {"9112 3.2", "HTTP/1.0 with an invalid Host", "GET /healthz HTTP/1.0\r\nHost: a b\r\n\r\n",
       refused(400)},
  };
  for (const char* valid :
       {"a", " a", "\ta \t", " a:80", " a:", " A.b-C_d", " 127.0.0.1", " 127.0.0.1:65535", " [::1]",
        " [::1]:80", " [::ffff:1.2.3.4]", " [v1.a:b]", " a%41b", " a!$&'()*+,;=~"}) {
    cases.push_back({"9110 7.2", "a valid Host:"s + valid, with_host(valid), answered(200)});
  }
  for (const char* invalid : {"",          " ",        " a b",     " a, b",    " a/b",
                              " a?b",      " a#b",     " u@a",     " a:b",     " a:80:80",
                              " a:-1",     " a:+1",    " a: 80",   " a:99999", " a:18446744073709551696",
                              " :80",      " ::1",     " [::1",    " ::1]",    " [::1]x",
                              " [::g]",    " [1:2:3]", " [::1::]", " []",      " [v1.]",
                              " [vz.a]",   " a%",      " a%4",     " a%zz",    " a\tb",
                              " \xc3\xa4", " a\\b",    " <a>",     " \"a\"",   " a^b",
                              " {a}",      " a|b",     " http://a"}) {
    cases.push_back({"9112 3.2", "an invalid Host:"s + invalid, with_host(invalid), refused(400)});
  }
  return cases;
}

inline std::vector<Case> content_lengths() {
  std::vector<Case> cases{
      {"9112 6.2", "a body with its length", post("Content-Length: 5\r\n", "hello"),
       answered(200).saying({"hello"})},
      {"9112 6.2", "a length of zero", post("Content-Length: 0\r\n", ""), answered(200).saying({""})},
      {"9112 6.3", "neither length nor coding: no body", post("", ""), answered(200).saying({""})},
      {"9110 8.6", "zeros before it", post("Content-Length: 0005\r\n", "hello"),
       answered(200).saying({"hello"})},
      {"9110 5.5", "spaces around it", post("Content-Length: \t 5 \t\r\n", "hello"),
       answered(200).saying({"hello"})},
      {"9112 6.3", "a body of bytes that look like a request",
       post("Content-Length: 18\r\n", "GET / HTTP/1.1\r\n\r\n"),
       answered(200).saying({"GET / HTTP/1.1\r\n\r\n"})},
      {"9112 6.2", "HTTP/1.0 with a body", "POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi",
       closed(200).saying({"hi"}).without("Transfer-Encoding")},
      {"9110 9.3.1",
       "GET with a body",
       get("Content-Length: 3\r\n") + "abc",
       {.statuses = {200}, .after = After::either}},
      {"9112 6.3", "lengths twice, the same", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
       refused(400)},
      {"9112 6.3", "lengths twice, not the same",
       post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"), refused(400)},
      {"9112 6.3", "a list of lengths, the same", post("Content-Length: 5, 5\r\n", "hello"), refused(400)},
      {"9112 6.3", "a list of lengths, not the same", post("Content-Length: 5, 6\r\n", "hello!"),
       refused(400)},
      {"9112 6.3", "with Transfer-Encoding behind it",
       post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), refused(400)},
      {"9112 6.3", "with Transfer-Encoding before it",
       post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), refused(400)},
      {"9112 6.3", "of zero with Transfer-Encoding",
       post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n"), refused(400)},
      {"9110 15.5.14", "longer than the server takes", post("Content-Length: 1048577\r\n", ""), refused(413)},
      {"9110 8.6", "the largest that fits 63 bits", post("Content-Length: 9223372036854775807\r\n", ""),
       refused(413)},
      {"9110 8.6", "the largest that fits 64 bits", post("Content-Length: 18446744073709551615\r\n", ""),
       refused(413)},
  };
  for (const char* invalid :
       {"", " ", "+5", "-5", "-0", "5a", "a5", "0x5", "5 5", "5.0", "5,", ",5", "1e1", "\"5\"", "5;a=b",
        "\xd9\xa5", "18446744073709551616", "18446744073709551621", "99999999999999999999999999"}) {
    cases.push_back({"9112 6.3", "an invalid length: "s + invalid,
                     post("Content-Length: "s + invalid + "\r\n", "hello"), refused(400)});
  }
  return cases;
}

inline std::vector<Case> transfer_encodings() {
  std::vector<Case> cases;
  for (const char* chunked_alone :
       {"chunked", "Chunked", "CHUNKED", "  chunked\t ", ", chunked", "chunked,", "chunked ,",
        ",, chunked ,\t,", "\r\nTransfer-Encoding: chunked", "chunked\r\nTransfer-Encoding:"}) {
    cases.push_back({"9110 5.6.1.2", "chunked: "s + chunked_alone,
                     post("Transfer-Encoding: "s + chunked_alone + "\r\n", "2\r\nhi\r\n0\r\n\r\n"),
                     answered(200).saying({"hi"})});
  }
  for (const char* unknown :
       {"gzip", "identity", "gzip, chunked", "chunkedx", "xchunked", "x-chunked", "chunked;a=b",
        "\"chunked\"", "chun\tked", "chunked chunked", "gzip\r\nTransfer-Encoding: chunked"}) {
    cases.push_back({"9112 6.1", "a coding that is not known: "s + unknown,
                     post("Transfer-Encoding: "s + unknown + "\r\n", "0\r\n\r\n"), refused(501)});
  }
  for (const char* wrong : {"", " ", ",", " , ,", "chunked, chunked", "chunked, gzip", "chunked, identity",
                            "chunked, gzip, deflate", "chunked\r\nTransfer-Encoding: chunked",
                            "chunked\r\nTransfer-Encoding: gzip", "gzip, chunked, gzip"}) {
    cases.push_back({"9112 6.3", "chunked is not there, not last, or repeated: "s + wrong,
                     post("Transfer-Encoding: "s + wrong + "\r\n", "0\r\n\r\n"), refused(400)});
  }
  cases.insert(cases.end(),
               {{"9112 6.1", "in HTTP/1.0",
                 "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refused(400)},
                {"9112 6.1", "in HTTP/1.0 with a length",
                 "POST /echo HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 refused(400)},
                {"9112 5.1", "with a space before its colon",
                 post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), refused(400)},
                {"9112 2.2", "with a control character",
                 post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), refused(400)},
                {"9110 5.1", "with an underscore it is another field",
                 post("Transfer_Encoding: chunked\r\n", ""), answered(200).saying({""})},
                {"9110 10.1.4", "TE is about the response", get("TE: trailers, gzip\r\nConnection: TE\r\n"),
                 answered(200)}});
  return cases;
}

inline std::vector<Case> chunks() {
  std::vector<Case> cases;
  for (const char* body :
       {"5\r\nhello\r\n0\r\n\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n", "005\r\nhello\r\n000\r\n\r\n",
        "5;a\r\nhello\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n0;c=d\r\n\r\n",
        "5;a=\"b;\\\"c\"\r\nhello\r\n0\r\n\r\n", "5 ; a = b\r\nhello\r\n0\r\n\r\n",
        "5\t;a;b;c=\"\"\r\nhello\r\n0\r\n\r\n", "5;\x21=~\r\nhello\r\n0\r\n\r\n",
        "0000000000000000000000000005\r\nhello\r\n0\r\n\r\n"}) {
    cases.push_back({"9112 7.1", "a chunked body: "s + body, chunked(body), answered(200).saying({"hello"})});
  }
  cases.insert(cases.end(), {{"9112 7.1", "an empty one", chunked("0\r\n\r\n"), answered(200).saying({""})},
                             {"9112 7.1", "sizes in capitals", chunked("A\r\n0123456789\r\n0\r\n\r\n"),
                              answered(200).saying({"0123456789"})},
                             {"9112 7.1", "sizes in small letters", chunked("a\r\n0123456789\r\n0\r\n\r\n"),
                              answered(200).saying({"0123456789"})},
                             {"9112 7.1", "data with line ends", chunked("6\r\n\r\n0\r\n\r\r\n0\r\n\r\n"),
                              answered(200).saying({"\r\n0\r\n\r"})},
                             {"9110 15.5.14", "a chunk larger than the server takes", put_mode("100001\r\n"),
                              refused(413), Port::admin},
                             {"9110 15.5.14", "the largest size of 64 bits", put_mode("ffffffffffffffff\r\n"),
                              refused(413), Port::admin},
                             {"9112 7.1", "a body that is read before the answer",
                              put_mode("10\r\n{\"mode\":\"fixed\"}\r\n0\r\n\r\n"),
                              answered(200).saying({"{\"mode\":\"fixed\"}\n"}), Port::admin}});
  for (const char* body : {"\r\n",
                           "g\r\n",
                           " 5\r\nhello\r\n0\r\n\r\n",
                           "5 \r\nhello\r\n0\r\n\r\n",
                           "5 5\r\nhello\r\n0\r\n\r\n",
                           "0x5\r\nhello\r\n0\r\n\r\n",
                           "+5\r\nhello\r\n0\r\n\r\n",
                           "-5\r\nhello\r\n0\r\n\r\n",
                           "5,\r\nhello\r\n0\r\n\r\n",
                           "5\nhello\r\n0\r\n\r\n",
                           "5\rhello\r\n0\r\n\r\n",
                           "5\r\r\nhello\r\n0\r\n\r\n",
                           "\xd9\xa5\r\nhello\r\n0\r\n\r\n",
                           "10000000000000000\r\nhello\r\n0\r\n\r\n",
                           "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                           "5;\r\nhello\r\n0\r\n\r\n",
                           "5;;a\r\nhello\r\n0\r\n\r\n",
                           "5;=b\r\nhello\r\n0\r\n\r\n",
                           "5;a=\r\nhello\r\n0\r\n\r\n",
                           "5;a \r\nhello\r\n0\r\n\r\n",
                           "5;a=\"b\r\nhello\r\n0\r\n\r\n",
                           "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n",
                           "5;a\nhello\r\n0\r\n\r\n",
                           "5;a\x01\r\nhello\r\n0\r\n\r\n",
                           "5\r\nhello0\r\n\r\n",
                           "5\r\nhello\n0\r\n\r\n",
                           "5\r\nhello\r0\r\n\r\n",
                           "5\r\nhello!\r\n0\r\n\r\n",
                           "5\r\nhello\r\n\r\n0\r\n\r\n",
                           "4\r\nhello\r\n0\r\n\r\n",
                           "0\n\r\n",
                           "0\r\n\n",
                           "0\r\n\rX"}) {
    cases.push_back({"9112 7.1", "malformed chunks: "s + body, put_mode(body), refused(400), Port::admin});
  }
  return cases;
}

inline std::vector<Case> trailers() {
  std::vector<Case> cases;
  for (const char* section : {"X: v\r\n", "X: v\r\nY:\r\n", "X:v\r\nX: \t w \t\r\n", "X: \xc3\xa4\r\n",
                              "Content-Length: 1\r\n", "Transfer-Encoding: gzip\r\n",
                              "Host: b\r\nHost: c\r\n", "Connection: close\r\n", "Expect: wonders\r\n"}) {
    cases.push_back({"9112 7.1.2", "trailers, which change nothing: "s + section,
                     chunked("2\r\nhi\r\n0\r\n"s + section + "\r\n"), answered(200).saying({"hi"})});
  }
  for (const std::string& section :
       {"X : v\r\n"s, "X\r\n"s, ": v\r\n"s, " X: v\r\n"s, "X: v\r\n w\r\n"s, "X(: v\r\n"s, "X: a\rb\r\n"s,
        "X: v\n"s, "X: a\0b\r\n"s, "X\xc3\xa4: v\r\n"s, "GET / HTTP/1.1\r\n"s}) {
    cases.push_back({"9112 7.1.2", "malformed trailers: " + section, put_mode("0\r\n" + section + "\r\n"),
                     refused(400), Port::admin});
  }
  return cases;
}

inline std::vector<Case> expectations() {
  const std::string length = "Content-Length: 2\r\n";
  return {
      {"9110 10.1.1", "100-continue", post("Expect: 100-continue\r\n" + length, "hi"),
       answered(200).saying({"hi"})},
      {"9110 10.1.1", "in capitals", post("Expect: 100-Continue\r\n" + length, "hi"),
       answered(200).saying({"hi"})},
      {"9110 10.1.1", "twice in a list", post("Expect: 100-continue, 100-continue\r\n" + length, "hi"),
       answered(200).saying({"hi"})},
      {"9110 10.1.1", "in two fields",
       post("Expect: 100-continue\r\nExpect: 100-continue\r\n" + length, "hi"), answered(200).saying({"hi"})},
      {"9110 5.6.1.2", "with empty elements", post("Expect: , 100-continue,\r\n" + length, "hi"),
       answered(200).saying({"hi"})},
      {"9110 10.1.1", "of a chunked body",
       post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"),
       answered(200).saying({"hi"})},
      {"9110 10.1.1", "without a body", get("Expect: 100-continue\r\n"), answered(200)},
      {"9110 10.1.1", "an empty one", get("Expect:\r\n"), answered(200)},
      {"9110 10.1.1",
       "where nobody wants the body",
       "POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + length + "\r\nhi",
       {.statuses = {404}, .after = After::either}},
      {"9110 15.5.18", "an unknown one", get("Expect: wonders\r\n"), refused(417)},
      {"9110 15.5.18", "an unknown one beside it", post("Expect: 100-continue, wonders\r\n" + length, "hi"),
       refused(417)},
      {"9110 15.5.18", "an unknown one in a second field",
       post("Expect: 100-continue\r\nExpect: wonders\r\n" + length, "hi"), refused(417)},
      {"9110 15.5.18", "with a value", post("Expect: 100-continue=1\r\n" + length, "hi"), refused(417)},
      {"9110 10.1.1", "HTTP/1.0 knows none",
       "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\n" + length + "\r\nhi", closed(200).saying({"hi"})},
      {"9110 10.1.1", "HTTP/1.0 knows no unknown one either",
       "GET /healthz HTTP/1.0\r\nExpect: wonders\r\n\r\n", closed(200)},
  };
}

inline std::vector<Case> methods() {
  const std::string all = "GET, HEAD, OPTIONS";
  std::vector<Case> cases{
      {"9110 9.3.1", "GET", get(), answered(200)},
      {"9110 9.3.2", "HEAD", line("HEAD /healthz HTTP/1.1"), answered(200).to_head()},
      {"9110 9.3.2", "HEAD of what is not there", line("HEAD /nowhere HTTP/1.1"), answered(404).to_head()},
      {"9110 9.3.2", "HEAD where GET is not allowed", line("HEAD /echo HTTP/1.1"),
       answered(405).to_head().with("Allow", "POST, OPTIONS")},
      {"9110 9.3.2", "HEAD of a route that waits", line("HEAD /backend?latency=1ms&payload=9 HTTP/1.1"),
       answered(200).to_head().with("Content-Length", "10")},
      {"9110 9.3.3", "POST", post("Content-Length: 2\r\n", "hi"), answered(200).saying({"hi"})},
      {"9110 9.3.7", "OPTIONS", line("OPTIONS /healthz HTTP/1.1"), answered(204).with("Allow", all)},
      {"9110 9.3.7", "OPTIONS of a route for POST", line("OPTIONS /echo HTTP/1.1"),
       answered(204).with("Allow", "POST, OPTIONS")},
      {"9110 9.3.7", "OPTIONS of what is not there", line("OPTIONS /nowhere HTTP/1.1"), answered(404)},
      {"9110 9.3.7",
       "OPTIONS with a body",
       "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
       {.statuses = {204}, .after = After::either}},
      {"9110 15.5.6", "GET where it is not allowed", get("", "/echo"),
       answered(405).with("Allow", "POST, OPTIONS")},
      {"9110 15.5.6", "POST where it is not allowed", line("POST /healthz HTTP/1.1"),
       answered(405).with("Allow", all)},
      {"9110 15.5.6", "PUT", line("PUT /healthz HTTP/1.1"), answered(405).with("Allow", all)},
      {"9110 15.5.6", "DELETE", line("DELETE /healthz HTTP/1.1"), answered(405).with("Allow", all)},
      {"9110 15.5.6", "PATCH", line("PATCH /healthz HTTP/1.1"), answered(405).with("Allow", all)},
      {"9110 15.5.6", "TRACE", line("TRACE /healthz HTTP/1.1"), answered(405).with("Allow", all)},
      {"9110 15.5.6", "PUT where it is allowed, and POST is not", line("POST /mode HTTP/1.1"),
       answered(405).with("Allow", "GET, HEAD, PUT, OPTIONS"), Port::admin},
      {"9110 15.5.5", "a known method of what is not there", line("DELETE /nowhere HTTP/1.1"), answered(404)},
  };
  for (const char* unknown :
       {"get", "Get", "BREW", "PROPFIND", "LINK", "CONNECT", "GETX", "GE", "!#$%&'*+-.^_`|~", "QUERY"}) {
    cases.push_back({"9110 9.1", "a method that is not known: "s + unknown,
                     line(unknown + " /healthz HTTP/1.1"s), refused(501)});
  }
  for (const char* malformed : {"G(T", "GET,", "GET:", "G/T", "\"GET\"", "G\xc3\xa4T", "GET@"}) {
    cases.push_back({"9110 9.1", "a method that is no token: "s + malformed,
                     line(malformed + " /healthz HTTP/1.1"s), refused(400)});
  }
  return cases;
}

inline std::vector<Case> persistence() {
  const std::string old = "GET /healthz HTTP/1.0\r\n";
  return {
      {"9112 9.3", "HTTP/1.1 stays", get(), answered(200).without("Connection")},
      {"9112 9.6", "close", get("Connection: close\r\n"), closed(200)},
      {"9112 9.6", "close among others", get("Connection: x, Close , y\r\n"), closed(200)},
      {"9110 5.6.1.2", "close among empty elements", get("Connection: ,close,\r\n"), closed(200)},
      {"9112 9.6", "close in a second field", get("Connection: x\r\nConnection: close\r\n"), closed(200)},
      {"9112 9.3", "close wins over keep-alive", get("Connection: keep-alive, close\r\n"), closed(200)},
      {"9112 9.3", "keep-alive", get("Connection: keep-alive\r\n"), answered(200)},
      {"9112 9.6", "close of a request with a body", post("Connection: close\r\nContent-Length: 2\r\n", "hi"),
       closed(200).saying({"hi"})},
      {"9112 9.6", "close of a request that is not found", get("Connection: close\r\n", "/nowhere"),
       closed(404)},
      {"9112 9.6", "close with HEAD", "HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
       closed(200).to_head()},
      {"9112 9.6", "close with OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
       closed(204)},
      {"9110 7.6.1", "a word that only begins with close", get("Connection: closed\r\n"), answered(200)},
      {"9112 9.3", "HTTP/1.0 does not stay", old + "\r\n", closed(200)},
      {"9112 9.3", "HTTP/1.0 with keep-alive stays", old + "Connection: Keep-Alive\r\n\r\n",
       answered(200).with("Connection", "keep-alive")},
      {"9112 9.3", "HTTP/1.0 with keep-alive and close", old + "Connection: keep-alive, close\r\n\r\n",
       closed(200)},
      {"9112 9.3", "HTTP/1.0 with a word that begins with keep-alive",
       old + "Connection: keep-alives\r\n\r\n", closed(200)},
      {"9112 9.3", "HTTP/1.0 with keep-alive and a body",
       "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
       answered(200).saying({"hi"}).without("Transfer-Encoding")},
      {"9112 9.3", "HTTP/1.0 with keep-alive and an error",
       "GET /nowhere HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", answered(404)},
      {"9112 9.3", "Proxy-Connection means nothing", old + "Proxy-Connection: keep-alive\r\n\r\n",
       closed(200)},
      {"9110 7.8", "an offer to upgrade to h2c",
       get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
       answered(200)},
      {"9110 7.8", "an offer to upgrade to a WebSocket",
       get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
           "dGhlIHNhbXBsZSBub25jZQ==\r\n"),
       answered(200)},
      {"9110 14.2", "a range, which may be ignored", get("Range: bytes=0-1\r\n"), answered(200)},
      {"9110 12.5.1", "an Accept that nothing fits, which may be ignored", get("Accept: image/png\r\n"),
       answered(200)},
  };
}

inline std::vector<Case> pipelines() {
  const std::string alive = "{\"status\":\"alive\"}\n";
  std::string sixteen;
  for (int i = 0; i < 16; ++i) sixteen += get();
  return {
      {"9112 9.3.2", "two requests", get() + get("", "/backend?latency=0&payload=1"),
       answered({200, 200}).saying({alive, "x\n"})},
      {"9112 9.3.2", "a slow one before a fast one", get("", "/backend?latency=20ms&payload=1") + get(),
       answered({200, 200}).saying({"x\n", alive})},
      {"9112 9.3.2", "three slow ones",
       get("", "/backend?latency=9ms&payload=1") + get("", "/backend?latency=5ms&payload=2") +
           get("", "/backend?latency=1ms&payload=3"),
       answered({200, 200, 200}).saying({"x\n", "xx\n", "xxx\n"})},
      {"9112 9.3.2",
       "sixteen",
       sixteen,
       {.statuses = {200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200}}},
      {"9112 9.3.2", "bodies between them",
       post("Content-Length: 2\r\n", "hi") + chunked("2\r\nyo\r\n0\r\n\r\n") + get(),
       answered({200, 200, 200}).saying({"hi", "yo", alive})},
      {"9112 9.3.2", "HEAD between them", get() + line("HEAD /healthz HTTP/1.1") + get(),
       answered({200, 200, 200}).to_head(1)},
      {"9112 9.3.2", "errors that are no matter of framing do not end it",
       get("", "/nowhere") + get("", "/echo") + get(), answered({404, 405, 200})},
      {"9112 2.2", "empty lines between them", get() + "\r\n\r\n" + get(), answered({200, 200})},
      {"9112 9.6", "nothing is answered behind close", get() + get("Connection: close\r\n") + get() + get(),
       closed({200, 200})},
      {"9112 9.6", "nothing is answered behind HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n" + get(),
       closed(200)},
      {"9112 9.3.2", "versions mixed",
       get() + "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get(), answered({200, 200, 200})},
      {"9112 3", "what is before a malformed one is answered", get() + get() + "nonsense\r\n" + get(),
       closed({200, 200, 400})},
      {"9112 6.3", "an ambiguous length behind a good request",
       get() + post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") + get(),
       closed({200, 400})},
      {"9112 7.1", "a smuggled request in a chunk's size", put_mode("5;\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
       refused(400), Port::admin},
      {"9112 6.3", "bytes behind the end of a body are the next request",
       post("Content-Length: 2\r\n", "hi,,") + get(), closed({200, 400})},
  };
}

}  // namespace syntax
