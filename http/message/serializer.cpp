// SPDX-License-Identifier: BSL-1.0
#include "http/message/serializer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <span>

#include "http/message/detail/ascii.hpp"

namespace http {
namespace {

constexpr std::string_view line_end = "\r\n";

// `name` may be any text; only characters that are safe in a log are printed.
[[noreturn]] void refuse(std::string_view name, std::string_view why) {
  std::string printable;
  for (const char c : name.substr(0, 80)) printable += detail::is_text_char(c) ? c : '?';
  std::fprintf(stderr, "http: broken invariant: '%s' %.*s\n", printable.c_str(), static_cast<int>(why.size()),
               why.data());
  std::abort();
}

// A number as text.
class Digits {
 public:
  explicit Digits(std::unsigned_integral auto value, int base = 10) noexcept
      : text_{}, end_(std::to_chars(text_.data(), text_.data() + text_.size(), value, base).ptr) {}
  explicit(false) operator std::string_view() const noexcept { return {text_.data(), end_}; }

 private:
  std::array<char, 24> text_;
  char* end_;
};

// The text grows once for all pieces.
void append(std::string& out, std::initializer_list<std::string_view> pieces) {
  std::size_t at = out.size();
  std::size_t size = at;
  for (const std::string_view piece : pieces) size += piece.size();
  out.resize_and_overwrite(size, [&](char* text, std::size_t) noexcept {
    for (const std::string_view piece : pieces) at += piece.copy(text + at, piece.size());
    return at;
  });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append(out, {name, ": ", value, line_end});
}

void append_content_length(std::string& out, std::uint64_t size) {
  append_field(out, "Content-Length", Digits(size));
}

void append_fields(std::string& out, const Headers& headers, std::span<const std::string_view> reserved) {
  for (const auto& [name, value] : headers) {
    if (!detail::is_token(name)) refuse(name, "is not a field name");
    if (!detail::is_text(value)) refuse(name, "contains a control character in its value");
    const auto is_this = [&](std::string_view other) { return detail::iequals(name, other); };
    if (std::ranges::any_of(reserved, is_this)) refuse(name, "is written by the serializer");
    append_field(out, name, value);
  }
}

}  // namespace

Reply Reply::to(const Request& request, std::string_view date) noexcept {
  return {.date = date,
          .head_request = request.method == Method::head,
          .version_minor = request.version_minor,
          .peer_keep_alive = request.keep_alive};
}

BodyFraming append_response_head(std::string& out, const Response& response,
                                 std::optional<std::uint64_t> body_size, const Reply& reply) {
  static constexpr std::array<std::string_view, 5> reserved = {"Content-Length", "Transfer-Encoding",
                                                               "Connection", "Date", "Content-Type"};
  const std::string_view type = response.content_type;
  if (response.status < 100 || response.status > 999)
    refuse(std::to_string(response.status), "is not a status");

  const Digits status(static_cast<unsigned>(response.status));
  const std::string_view before_date = reply.date.empty() ? "" : "\r\nDate: ";
  const std::string_view before_type = type.empty() ? "" : "\r\nContent-Type: ";
  append(out, {"HTTP/1.1 ", status, " ", reason_phrase(response.status), before_date, reply.date, before_type,
               type, line_end});
  append_fields(out, response.headers, std::span(reserved).first(type.empty() ? 4 : 5));

  auto framing = BodyFraming::none;
  if (!is_bodiless(response.status)) {
    framing = BodyFraming::sized;
    if (!body_size) framing = reply.version_minor > 0 ? BodyFraming::chunked : BodyFraming::until_close;
  }
  std::string_view connection;
  if (response.close || !reply.peer_keep_alive || framing == BodyFraming::until_close) {
    connection = "Connection: close\r\n";
  } else if (reply.version_minor == 0) {
    connection = "Connection: keep-alive\r\n";
  }
  if (framing == BodyFraming::sized) {
    append(out, {"Content-Length: ", Digits(*body_size), line_end, connection, line_end});
  } else {
    const bool chunked = framing == BodyFraming::chunked;
    append(out, {chunked ? "Transfer-Encoding: chunked\r\n" : "", connection, line_end});
  }
  return reply.head_request ? BodyFraming::none : framing;
}

void append_response(std::string& out, const Response& response, const Reply& reply) {
  if (append_response_head(out, response, response.body.size(), reply) == BodyFraming::sized)
    out += response.body;
}

void append_continue(std::string& out) { out += "HTTP/1.1 100 Continue\r\n\r\n"; }

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  append(out, {Digits(data.size(), 16), line_end, data, line_end});
}

void append_last_chunk(std::string& out) { out += "0\r\n\r\n"; }

void append_request_head(std::string& out, const OutgoingRequest& request,
                         std::optional<std::uint64_t> body_size) {
  static constexpr std::array<std::string_view, 4> reserved = {"Content-Length", "Transfer-Encoding",
                                                               "Connection", "Host"};
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!detail::is_token(request.method)) refuse(request.method, "is not a method");
  if (request.target.empty() || !std::ranges::all_of(request.target, visible)) {
    refuse(request.target, "is not a request target");
  }
  if (!std::ranges::all_of(request.host, visible)) refuse("Host", "has an invalid value");

  append(out, {request.method, " ", request.target, " HTTP/1.1\r\n"});
  append_field(out, "Host", request.host);
  append_fields(out, request.headers, reserved);
  if (!body_size) {
    append_field(out, "Transfer-Encoding", "chunked");
  } else if (*body_size > 0 || request.method == "POST" || request.method == "PUT" ||
             request.method == "PATCH") {
    append_content_length(out, *body_size);
  }
  if (request.close) append_field(out, "Connection", "close");
  out += line_end;
}

void append_request(std::string& out, const OutgoingRequest& request) {
  append_request_head(out, request, request.body.size());
  out += request.body;
}

}  // namespace http
