// SPDX-License-Identifier: BSL-1.0
#include "http/message/detail/message_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "http/message/detail/ascii.hpp"
#include "http/message/detail/framing_fields.hpp"

namespace http::detail {
namespace {

constexpr std::uint64_t unknown_length = std::numeric_limits<std::uint64_t>::max();

// A chunk may have this many bytes besides its data; more count against the limit of a head. "ffffffff" and two line
// ends are 12 bytes. Extensions are rare, and long ones may be an attack.
constexpr std::uint64_t free_framing_per_chunk = 16;

std::string_view describe(llhttp_errno_t code) noexcept {
  switch (code) {
    case HPE_INVALID_HEADER_TOKEN:
      return "A header field has an invalid name, or a value with invalid characters.";
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return "Content-Length is repeated or comes with Transfer-Encoding.";
    case HPE_INVALID_CONTENT_LENGTH:
      return "Content-Length is not a number of bytes.";
    case HPE_INVALID_TRANSFER_ENCODING:
      return "Transfer-Encoding is malformed or comes with Content-Length.";
    case HPE_INVALID_URL:
      return "The request target is malformed.";
    case HPE_INVALID_VERSION:
      return "The HTTP version is malformed.";
    default:
      return "The message is malformed.";
  }
}

}  // namespace

// llhttp calls this from C, so it must not throw.
struct MessageReader::Callbacks {
  static MessageReader& reader(llhttp_t* parser) noexcept {
    return *static_cast<MessageReader*>(parser->data);
  }

  static int field(llhttp_t* parser, const char* at, std::size_t length) noexcept {
    reader(parser).fields_.add({at, length}, {});
    return 0;
  }

  static int value(llhttp_t* parser, const char* at, std::size_t length) noexcept {
    std::string_view& whole = reader(parser).fields_.back().value;
    whole = trim(whole.empty() ? std::string_view{at, length} : std::string_view{whole.data(), at + length});
    return 0;
  }

  static int headers_complete(llhttp_t* parser) noexcept {
    MessageReader& self = reader(parser);
    self.head_done_ = true;
    parser->upgrade = 0;  // an offer to upgrade may be ignored (RFC 9110 section 7.8), and is
    if (self.body_rule() == BodyRule::none) parser->flags |= F_SKIPBODY;
    if (auto error = self.judge_head()) {
      self.error_ = *error;
      return -1;
    }
    return 0;
  }

  static int message_complete(llhttp_t* parser) noexcept {
    reader(parser).message_done_ = true;
    return 0;
  }

  static const llhttp_settings_t* settings() noexcept {
    static const llhttp_settings_t all = [] {
      llhttp_settings_t made;
      llhttp_settings_init(&made);
      made.on_header_field = field;
      made.on_header_value = value;
      made.on_headers_complete = headers_complete;
      made.on_message_complete = message_complete;
      return made;
    }();
    return &all;
  }
};

MessageReader::MessageReader(llhttp_type_t type, const SectionLimits& limits, std::uint64_t body_limit,
                             HeaderViews& fields)
    : type_(type),
      limits_(limits),
      body_limit_(body_limit),
      scanner_(SectionScanner::Start::line, limits),
      trailer_scanner_(SectionScanner::Start::fields, limits),
      fields_(fields) {
  start_llhttp();
}

void MessageReader::start_llhttp() noexcept {
  llhttp_init(&llhttp_, type_, Callbacks::settings());
  llhttp_.data = this;
  llhttp_set_lenient_transfer_encoding(&llhttp_, 1);  // it knows no empty list elements; see judge_framing()
}

void MessageReader::restart() noexcept {
  start_llhttp();
  phase_ = Phase::head;
  scanner_.reset();
  trailer_scanner_.reset();
  head_.clear();
  fields_.clear();
  framing_ = {};
  head_done_ = false;
  message_done_ = false;
  body_bytes_ = 0;
  left_ = 0;
  chunks_ = 0;
  chunk_scanner_.reset();
  chunk_framing_bytes_ = 0;
}

void MessageReader::reset() noexcept {
  if (phase_ != Phase::failed) restart();
}

std::string_view MessageReader::Input::take(std::size_t count) noexcept {
  const auto taken = rest.substr(0, count);
  rest.remove_prefix(count);
  consumed += count;
  return taken;
}

ParseStep MessageReader::step(ParseEvent event, const Input& input, std::string_view body) const noexcept {
  return {event, input.consumed, body};
}

ParseStep MessageReader::fail(const ParseError& error, const Input& input) noexcept {
  phase_ = Phase::failed;
  error_ = error;
  error_.too_large = error.status == 413 || error.status == 414 || error.status == 431;
  if (type_ == HTTP_RESPONSE) error_.status = 502;
  return step(ParseEvent::error, input);
}

ParseStep MessageReader::fail_section(SectionScanner::Result result, const Input& input) noexcept {
  using enum SectionScanner::Result;
  switch (result) {
    case start_line_too_long:
      return fail(
          {414, type_ == HTTP_REQUEST ? "The request line is too long." : "The status line is too long."},
          input);
    case too_many_bytes:
      return fail({431, "The header fields are too long."}, input);
    case too_many_fields:
      return fail({431, "There are too many header fields."}, input);
    case bare_cr:
      return fail({400, "A carriage return is not followed by a line feed."}, input);
    case bare_lf:
      return fail({400, "A line feed does not follow a carriage return."}, input);
    case folded_line:
      return fail({400, "A header field is continued on another line."}, input);
    case nameless_field:
      return fail({400, "A header field has no name."}, input);
    case malformed_name:
      return fail({400, "A header field's name is malformed."}, input);
    default:
      return fail({400, "There is a control character in the head."}, input);
  }
}

ParseStep MessageReader::fail_llhttp(const Input& input) noexcept {
  if (error_.status != 0) return fail(error_, input);  // set by judge_head()
  return fail({400, describe(llhttp_get_errno(&llhttp_))}, input);
}

ParseStep MessageReader::feed(std::span<const char> bytes) {
  Input input{{bytes.data(), bytes.size()}};
  while (true) {
    std::optional<ParseStep> done;
    switch (phase_) {
      case Phase::head:
        done = read_head(input);
        break;
      case Phase::body:
      case Phase::chunk_data:
        done = read_body(input);
        break;
      case Phase::chunk_framing:
        done = read_chunk_framing(input);
        break;
      case Phase::trailers:
        done = read_trailers(input);
        break;
      case Phase::complete:
        return step(ParseEvent::complete, input);
      case Phase::failed:
        return step(ParseEvent::error, input);
    }
    if (done) return *done;
    if (phase_ != Phase::complete && input.rest.empty()) return step(ParseEvent::need_more, input);
  }
}

std::optional<ParseStep> MessageReader::read_head(Input& input) {
  const auto [result, count] = scanner_.scan(input.rest);
  auto taken = input.take(count);
  // Only empty lines, which the scanner allows, can precede the start line.
  if (head_.empty()) taken.remove_prefix(std::min(taken.find_first_not_of("\r\n"), taken.size()));
  head_.append(taken);

  switch (result) {
    case SectionScanner::Result::need_more:
      return std::nullopt;
    case SectionScanner::Result::start_line:
      start_line_bytes_ = head_.size() - 2;
      if (auto error = check_start_line({head_.data(), start_line_bytes_})) {
        return fail(*error, input);
      }
      return std::nullopt;
    case SectionScanner::Result::complete:
      break;
    case SectionScanner::Result::folded_line:
      // In a response, spaces replace the line break (RFC 9112 section 5.2).
      if (type_ != HTTP_RESPONSE || scanner_.fields() == 0) return fail_section(result, input);
      head_.replace(head_.size() - 2, 2, "  ");
      scanner_.unfold();
      return std::nullopt;
    default:
      return fail_section(result, input);
  }

  fields_.reserve(scanner_.fields());  // callbacks of llhttp must not throw
  auto code = llhttp_execute(&llhttp_, head_.data(), head_.size());
  if (code == HPE_INVALID_CONTENT_LENGTH && replace_trailing_tabs()) {
    fields_.clear();
    start_llhttp();
    code = llhttp_execute(&llhttp_, head_.data(), head_.size());
  }
  if (code != HPE_OK) return fail_llhttp(input);
  if (!head_done_) return fail({400, "The head is malformed."}, input);
  if (skips_message()) {
    restart();
    return std::nullopt;
  }
  if (message_done_) {
    phase_ = Phase::complete;
  } else if (framing_.chunked) {
    phase_ = Phase::chunk_framing;
  } else {
    phase_ = Phase::body;
    left_ = framing_.content_length.value_or(unknown_length);
  }
  return step(ParseEvent::head, input);
}

// llhttp 8.1 treats a tab after a Content-Length as a part of it. A space means the same (RFC 9110 section 5.6.3).
bool MessageReader::replace_trailing_tabs() noexcept {
  bool replaced = false;
  for (auto end = head_.find("\r\n"); end != std::string::npos; end = head_.find("\r\n", end + 2)) {
    for (auto at = end; at > 0 && (head_[at - 1] == '\t' || head_[at - 1] == ' '); --at) {
      replaced |= head_[at - 1] == '\t';
      head_[at - 1] = ' ';
    }
  }
  return replaced;
}

std::optional<ParseStep> MessageReader::read_body(Input& input) {
  if (input.rest.empty()) return std::nullopt;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.rest.size()));
  const auto given = input.take(count);
  if (left_ != unknown_length) left_ -= count;
  body_bytes_ += count;
  if (body_bytes_ > body_limit_)
    return fail({413, "The body is too large."}, input);  // only without a length
  if (left_ == 0) phase_ = phase_ == Phase::chunk_data ? Phase::chunk_framing : Phase::complete;
  return step(ParseEvent::body, input, given);
}

// The end of the previous chunk and the size line of the next one.
std::optional<ParseStep> MessageReader::read_chunk_framing(Input& input) {
  const auto [result, count] = chunk_scanner_.scan(input.rest);
  input.take(count);
  chunk_framing_bytes_ += count;
  if (chunk_framing_bytes_ > limits_.bytes + free_framing_per_chunk * (chunks_ + 1)) {
    return fail({400, "The chunk extensions are too long."}, input);
  }
  using enum ChunkScanner::Result;
  switch (result) {
    case need_more:
      return std::nullopt;
    case size:
      break;
    case bad_end:
      return fail({400, "A chunk does not end where its size says."}, input);
    case bad_size:
      return fail({400, "A chunk size is malformed."}, input);
    case bad_extension:
      return fail({400, "A chunk extension is malformed."}, input);
  }
  chunk_scanner_.after_data();
  ++chunks_;
  left_ = chunk_scanner_.size();
  if (left_ > body_limit_ - body_bytes_) return fail({413, "The body is too large."}, input);
  phase_ = left_ == 0 ? Phase::trailers : Phase::chunk_data;
  return std::nullopt;
}

std::optional<ParseStep> MessageReader::read_trailers(Input& input) {
  const auto [result, count] = trailer_scanner_.scan(input.rest);
  input.take(count);
  if (result == SectionScanner::Result::need_more) return std::nullopt;
  if (result != SectionScanner::Result::complete) return fail_section(result, input);
  phase_ = Phase::complete;
  return std::nullopt;
}

bool MessageReader::finish_at_eof() noexcept {
  if (phase_ == Phase::complete) return true;
  if (phase_ == Phase::body && left_ == unknown_length) {
    phase_ = Phase::complete;
    return true;
  }
  if (phase_ != Phase::failed) fail({400, "The connection was closed before the message was complete."}, {});
  return false;
}

std::optional<ParseError> MessageReader::judge_head() {
  if (auto error = judge_framing()) return error;
  return check_head(std::string_view(head_).substr(0, start_line_bytes_));
}

// RFC 9112 section 6, but strict: everything that two parties could read differently is refused. llhttp refuses some of
// it itself (repeated lengths), before it calls back. How much depends on its version and its lenient flags; this
// function does not.
std::optional<ParseError> MessageReader::judge_framing() {
  const FramingFields found = framing_fields(fields_);
  if (found.has_transfer_encoding) {
    if (llhttp_.http_minor == 0) return ParseError{400, "Transfer-Encoding is not part of HTTP/1.0."};
    if (found.content_lengths > 0) return ParseError{400, "Content-Length comes with Transfer-Encoding."};
    if (found.chunked > 0 && !found.chunked_is_last) {
      return ParseError{400, "Chunked is not the last transfer coding."};
    }
    if (found.other_codings > 0) return ParseError{501, "The only transfer coding supported is chunked."};
    if (found.chunked == 0) return ParseError{400, "Transfer-Encoding is empty."};
    if (found.chunked > 1) return ParseError{400, "The chunked transfer coding is repeated."};
    framing_.chunked = true;
    llhttp_.flags |= F_CHUNKED;  // llhttp does not recognize "chunked,"
  }

  if (found.content_lengths > 1) return ParseError{400, "Content-Length is repeated."};
  if (found.content_lengths == 1) {
    std::uint64_t length = 0;
    const auto text = found.content_length;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (text.empty() || end != text.data() + text.size() || error != std::errc{}) {
      return ParseError{400, "Content-Length is not a number of bytes."};
    }
    framing_.content_length = length;
  }

  const bool agreed = framing_.chunked == ((llhttp_.flags & F_CHUNKED) != 0) &&
                      framing_.content_length.value_or(0) == llhttp_.content_length;
  if (!agreed) return ParseError{400, "The framing of the body is ambiguous."};
  if (body_rule() == BodyRule::framed && framing_.content_length.value_or(0) > body_limit_) {
    return ParseError{413, "The body is larger than the limit."};
  }
  framing_.keep_alive =
      llhttp_should_keep_alive(&llhttp_) != 0 && !found.close && (llhttp_.http_minor > 0 || found.keep_alive);
  return std::nullopt;
}

}  // namespace http::detail
