// SPDX-License-Identifier: BSL-1.0
#include "http/message/response_parser.hpp"

#include <algorithm>
#include <optional>

#include "http/message/detail/ascii.hpp"
#include "http/message/detail/message_reader.hpp"

namespace http {
namespace {

// RFC 9110 section 15.2 allows any number. A server that sends nothing else must be stopped.
constexpr int max_interim_responses = 1000;

// "HTTP/1.1 200 OK", RFC 9112 section 4. The reason may be empty, and some leave out the space before it too.
std::optional<ParseError> parse_status_line(std::string_view line, ResponseHead& response) {
  if (!line.starts_with("HTTP/")) return ParseError{502, "This is not an HTTP response."};
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) {
    return ParseError{502, "Only HTTP/1.1 and HTTP/1.0 are supported."};
  }
  const auto digits = line.substr(9, 3);
  const auto rest = line.substr(9 + digits.size());
  const bool well_formed = digits.size() == 3 && std::ranges::all_of(digits, detail::is_digit) &&
                           digits[0] != '0' && (rest.empty() || rest.starts_with(' '));
  if (!well_formed) return ParseError{502, "The status is not a number of three digits."};
  response.version_minor = line[7] - '0';
  response.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  response.reason = detail::trim(rest);
  return std::nullopt;
}

}  // namespace

class ResponseParser::Impl final : public detail::MessageReader {
 public:
  explicit Impl(const ResponseLimits& limits)
      : MessageReader(HTTP_RESPONSE, {limits.head_bytes, limits.head_bytes, limits.header_fields},
                      limits.body_bytes, response_.headers) {}

  void start(RequestKind kind) noexcept {
    kind_ = kind;
    interim_responses_ = 0;
    reset();
  }

  const ResponseHead& response() const noexcept { return response_; }
  bool idle() const noexcept { return untouched() && interim_responses_ == 0; }

 private:
  std::optional<ParseError> check_start_line(std::span<char> line) override {
    // Later versions of HTTP/1 are read as the latest known one (RFC 9110 section 2.5); llhttp knows no later version.
    constexpr std::size_t minor = 7;
    if (line.size() > minor && std::string_view(line.data(), minor) == "HTTP/1." && line[minor] > '1' &&
        line[minor] <= '9') {
      line[minor] = '1';
    }
    return parse_status_line({line.data(), line.size()}, response_);
  }

  std::optional<ParseError> check_head(std::string_view start_line) override {
    // Assigned again: if the head came in pieces, the buffer may have moved while it grew, and the reason with it.
    if (auto error = parse_status_line(start_line, response_)) return error;
    if (response_.status == 101)
      return ParseError{502, "The peer switched protocols without being asked to."};
    if (is_interim() && ++interim_responses_ > max_interim_responses) {
      return ParseError{502, "There are too many interim responses."};
    }
    response_.keep_alive = framing().keep_alive;
    response_.content_length = framing().content_length;
    response_.chunked = framing().chunked;
    return std::nullopt;
  }

  BodyRule body_rule() const noexcept override {
    const bool bodiless = kind_ == RequestKind::head || is_bodiless(response_.status);
    return bodiless ? BodyRule::none : BodyRule::framed;
  }

  bool skips_message() noexcept override { return is_interim(); }
  bool is_interim() const noexcept { return response_.status < 200; }

  ResponseHead response_;
  RequestKind kind_ = RequestKind::other;
  int interim_responses_ = 0;
};

ResponseParser::ResponseParser(const ResponseLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;
ResponseParser::~ResponseParser() = default;

ParseStep ResponseParser::feed(std::span<const char> bytes) { return impl_->feed(bytes); }
ParseEvent ResponseParser::on_eof() noexcept {
  return impl_->finish_at_eof() ? ParseEvent::complete : ParseEvent::error;
}
const ResponseHead& ResponseParser::response() const noexcept { return impl_->response(); }
const ParseError& ResponseParser::error() const noexcept { return impl_->error(); }
bool ResponseParser::complete() const noexcept { return impl_->complete(); }
bool ResponseParser::idle() const noexcept { return impl_->idle(); }
bool ResponseParser::keep_alive() const noexcept { return complete() && response().keep_alive; }
void ResponseParser::reset(RequestKind kind) noexcept { impl_->start(kind); }

}  // namespace http
