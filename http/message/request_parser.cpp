// SPDX-License-Identifier: BSL-1.0
#include "http/message/request_parser.hpp"

#include <optional>

#include "http/message/detail/ascii.hpp"
#include "http/message/detail/message_reader.hpp"
#include "http/message/target.hpp"

namespace http {

class RequestParser::Impl final : public detail::MessageReader {
 public:
  explicit Impl(const Limits& limits)
      : MessageReader(HTTP_REQUEST, {limits.request_line, limits.head_bytes, limits.header_fields},
                      limits.body_bytes, request_.headers) {}

  const Request& request() const noexcept { return request_; }

 private:
  std::optional<ParseError> check_start_line(std::span<char> line) override;
  std::optional<ParseError> check_head(std::string_view start_line) override;
  std::optional<ParseError> check_expectations();

  Request request_;
};

namespace {

std::optional<ParseError> check_version(std::string_view version) {
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") &&
                           detail::is_digit(version[5]) && version[6] == '.' && detail::is_digit(version[7]);
  if (!well_formed) return ParseError{400, "The HTTP version is malformed."};
  // Later versions of HTTP/1 are read as the latest known one (RFC 9110 section 2.5).
  if (version[5] != '1') return ParseError{505, "Only HTTP/1.1 and HTTP/1.0 are supported."};
  return std::nullopt;
}

std::optional<ParseError> check_host(const HeaderViews& headers, int version_minor) {
  const auto count = headers.count("host");
  if (count == 0 && version_minor == 0) return std::nullopt;
  if (count == 0) return ParseError{400, "The Host field is missing."};
  if (count > 1) return ParseError{400, "The Host field is repeated."};
  if (!is_valid_authority(*headers.find("host"))) return ParseError{400, "The Host field is invalid."};
  return std::nullopt;
}

// RFC 9112 section 3. llhttp accepts more methods and versions than this server, and has one error for everything else.
// So the line is checked before llhttp sees it.
std::optional<ParseError> parse_request_line(std::string_view line, Request& request) {
  const auto first_space = line.find(' ');
  const auto last_space = line.rfind(' ');
  if (first_space == last_space) {
    return ParseError{400, "The request line is not a method, a target and a version."};
  }
  request.method_name = line.substr(0, first_space);
  request.target = line.substr(first_space + 1, last_space - first_space - 1);
  const auto version = line.substr(last_space + 1);

  if (!detail::is_token(request.method_name)) return ParseError{400, "The method is malformed."};
  if (auto error = check_version(version)) return error;
  request.version_minor = version.back() - '0';
  const auto method = parse_method(request.method_name);
  if (!method) return ParseError{501, "The method is not supported."};
  request.method = *method;

  const auto target = split_target(request.target);
  if (!target) return ParseError{400, target.error()};
  if (target->path == "*" && *method != Method::options) {
    return ParseError{400, "The request target \"*\" is for OPTIONS only."};
  }
  request.path = target->path;
  request.query = target->query;
  // RFC 9112 section 3.2.4: to OPTIONS, a URL that ends with its authority means the server itself.
  if (*method == Method::options && !target->authority.empty() &&
      target->authority.data() + target->authority.size() == request.target.data() + request.target.size()) {
    request.path = "*";
  }
  return std::nullopt;
}

}  // namespace

std::optional<ParseError> RequestParser::Impl::check_start_line(std::span<char> line) {
  auto error = parse_request_line({line.data(), line.size()}, request_);
  if (!error && request_.version_minor > 1) {
    line.back() = '1';  // llhttp knows no later version
    request_.version_minor = 1;
  }
  return error;
}

std::optional<ParseError> RequestParser::Impl::check_head(std::string_view start_line) {
  // If the head came in pieces, the buffer may have moved while it grew, and the views with it.
  if (request_.method_name.data() != start_line.data()) {
    if (auto error = parse_request_line(start_line, request_)) return error;
  }
  if (auto error = check_host(request_.headers, request_.version_minor)) return error;
  request_.keep_alive = framing().keep_alive;
  request_.content_length = framing().content_length;
  request_.chunked = framing().chunked;
  request_.expect_continue = false;
  if (request_.version_minor > 0) return check_expectations();
  return std::nullopt;
}

std::optional<ParseError> RequestParser::Impl::check_expectations() {
  bool continue_expected = false;
  bool other_expected = false;
  for (const auto& field : request_.headers) {
    if (!detail::iequals(field.name, "expect")) continue;
    detail::for_each_element(field.value, [&](std::string_view expectation) {
      (detail::iequals(expectation, "100-continue") ? continue_expected : other_expected) = true;
    });
  }
  if (other_expected) return ParseError{417, "The only expectation supported is 100-continue."};
  request_.expect_continue = continue_expected && request_.has_body();
  return std::nullopt;
}

RequestParser::RequestParser(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;
RequestParser::~RequestParser() = default;

ParseStep RequestParser::feed(std::span<const char> bytes) { return impl_->feed(bytes); }
const Request& RequestParser::request() const noexcept { return impl_->request(); }
const ParseError& RequestParser::error() const noexcept { return impl_->error(); }
bool RequestParser::complete() const noexcept { return impl_->complete(); }
bool RequestParser::idle() const noexcept { return impl_->untouched(); }
void RequestParser::reset() noexcept { impl_->reset(); }

}  // namespace http
