// SPDX-License-Identifier: BSL-1.0
#pragma once
// Header fields, requests and responses.
//
// What it is     Headers own their text; HeaderViews refer to text owned elsewhere. Both keep the order in which
//                fields were added, allow repeated names, and compare names without case.
// Requires       the parser behind a Request or ResponseHead is alive and was not reset.
// Threads        plain values, used by one thread at a time.
//
//   http::Response response{.status = 200, .content_type = "text/plain", .body = "hello\n"};
//   response.headers.add("Vary", "Accept");
//   if (auto type = request.headers.find("content-type")) ...

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message/detail/ascii.hpp"

namespace http {

template <class Text>
class BasicHeaders {
 public:
  struct Field {
    Text name;
    Text value;
  };

  BasicHeaders() = default;
  BasicHeaders(std::initializer_list<Field> fields) : fields_(fields) {}

  // Appends a field, even if there is one with this name already.
  void add(Text name, Text value) { fields_.push_back({std::move(name), std::move(value)}); }

  // Replaces the first field with this name and removes the others; appends it if there is none.
  void set(Text name, Text value) {
    std::erase_if(fields_, [&, first = true](const Field& field) mutable {
      return detail::iequals(field.name, name) && !std::exchange(first, false);
    });
    for (Field& field : fields_) {
      if (!detail::iequals(field.name, name)) continue;
      field.value = std::move(value);
      return;
    }
    add(std::move(name), std::move(value));
  }

  // The value of the first field with this name. The view is valid until the field is changed.
  std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const Field& field : fields_) {
      if (detail::iequals(field.name, name)) return std::string_view(field.value);
    }
    return std::nullopt;
  }

  std::size_t count(std::string_view name) const noexcept {
    std::size_t found = 0;
    for (const Field& field : fields_) found += detail::iequals(field.name, name);
    return found;
  }

  void clear() noexcept { fields_.clear(); }  // keeps the memory
  void reserve(std::size_t count) { fields_.reserve(count); }
  bool empty() const noexcept { return fields_.empty(); }
  std::size_t size() const noexcept { return fields_.size(); }
  Field& back() noexcept { return fields_.back(); }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

using Headers = BasicHeaders<std::string>;
using HeaderViews = BasicHeaders<std::string_view>;

// The supported methods (RFC 9110 section 9; PATCH: RFC 5789). CONNECT is not supported, because there are no
// tunnels.
enum class Method : std::uint8_t { get, head, post, put, delete_, options, patch, trace };

// "GET" and so on.
std::string_view to_string(Method method) noexcept;

// Methods are case-sensitive; nullopt for an unknown method.
std::optional<Method> parse_method(std::string_view name) noexcept;

// A request as returned by RequestParser.
struct Request {
  Method method = Method::get;
  std::string_view method_name = {};                 // "GET"
  std::string_view target = {};                      // as sent: "/a%20b?x=1", "http://host/a", "*"
  std::string_view path = {};                        // of the target, still percent-encoded: "/a%20b"
  std::string_view query = {};                       // after the '?', still encoded; see http/target.hpp
  int version_minor = 1;                             // HTTP/1.x
  HeaderViews headers = {};                          // values without surrounding spaces
  bool keep_alive = true;                            // the peer allows another request on this connection
  std::optional<std::uint64_t> content_length = {};  // bytes
  bool chunked = false;
  bool expect_continue = false;  // the client waits for "100 Continue" before it sends the body

  bool has_body() const noexcept { return chunked || content_length.value_or(0) > 0; }
};

// The head of a response as returned by ResponseParser.
struct ResponseHead {
  int status = 0;
  std::string_view reason = {};  // may be empty; decide by the status
  int version_minor = 1;
  HeaderViews headers = {};
  bool keep_alive = true;  // the connection can be used again when this response is complete
  std::optional<std::uint64_t> content_length = {};  // as announced, even if no body follows (HEAD)
  bool chunked = false;
};

// Text that is part of the program, so that it is never copied.
class Literal {
 public:
  constexpr Literal() = default;
  explicit(false) consteval Literal(const char* text) : text_(text) {}
  explicit(false) constexpr operator std::string_view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

// A response to send. The serializer sets Content-Length, Transfer-Encoding, Connection and Date.
struct Response {
  int status = 200;
  Literal content_type = {};  // empty: none, or a field of `headers`
  Headers headers = {};
  std::string body = {};
  bool close = false;  // "Connection: close": the sender closes afterwards
};

Response json_response(int status, std::string json);
// A text in UTF-8: content_type says so ("text/plain; charset=utf-8").
Response text_response(std::string text, Literal content_type);

// A request to send. The serializer sets Host, Content-Length, Transfer-Encoding and Connection.
struct OutgoingRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string host = {};  // "example.org" or "example.org:8080"
  Headers headers = {};
  std::string body = {};
  bool close = false;
};

// "Not Found" for 404; "Unknown" for a status without a registered phrase.
std::string_view reason_phrase(int status) noexcept;

// Whether a response with this status never has a body (RFC 9112 section 6.3): 1xx, 204, 304.
constexpr bool is_bodiless(int status) noexcept {
  return (status >= 100 && status < 200) || status == 204 || status == 304;
}

}  // namespace http
