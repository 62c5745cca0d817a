#include "http/detail/message_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "http/detail/ascii.hpp"

namespace http::detail {
namespace {

constexpr std::uint64_t unknown_length = std::numeric_limits<std::uint64_t>::max();

// A chunk may cost this much beside its data before it counts against the limit of a head. "ffffffff" and two
// line ends are 12 bytes; extensions are rare, and a peer that sends long ones is up to something.
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
      return "Transfer-Encoding is malformed.";
    case HPE_INVALID_CHUNK_SIZE:
      return "A chunk size is malformed.";
    case HPE_INVALID_URL:
      return "The request target is malformed.";
    case HPE_INVALID_VERSION:
      return "The HTTP version is malformed.";
    default:
      return "The message is malformed.";
  }
}

// The framing fields of a head, collected in one pass.
struct FramingFields {
  int content_lengths = 0;
  std::string_view content_length;
  int transfer_encodings = 0;  // codings, over all fields
  bool has_transfer_encoding = false;
  bool has_unknown_coding = false;
  bool has_empty_coding = false;
};

void add_transfer_codings(FramingFields& found, std::string_view value) noexcept {
  found.has_transfer_encoding = true;
  while (true) {
    const auto comma = value.find(',');
    const auto coding = trim(value.substr(0, comma));
    ++found.transfer_encodings;
    if (coding.empty()) {
      found.has_empty_coding = true;
    } else if (!iequals(coding, "chunked")) {
      found.has_unknown_coding = true;
    }
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

// llhttp calls from C: nothing may be thrown through it.
struct MessageReader::Callbacks {
  static MessageReader& reader(llhttp_t* parser) noexcept {
    return *static_cast<MessageReader*>(parser->data);
  }

  static int field(llhttp_t* parser, const char* at, std::size_t length) noexcept {
    MessageReader& self = reader(parser);
    if (!self.head_done_) self.fields_.add({at, length}, {});
    return 0;
  }

  static int value(llhttp_t* parser, const char* at, std::size_t length) noexcept {
    MessageReader& self = reader(parser);
    if (self.head_done_) return 0;
    std::string_view& whole = self.fields_.back().value;
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

  static int body(llhttp_t* parser, const char* at, std::size_t length) noexcept {
    reader(parser).body_ = {at, length};
    return 0;
  }

  static int chunk_header(llhttp_t* parser) noexcept {
    reader(parser).left_ = parser->content_length;
    return HPE_PAUSED;
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
      made.on_body = body;
      made.on_chunk_header = chunk_header;
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
}

void MessageReader::restart() noexcept {
  start_llhttp();
  phase_ = Phase::head;
  scanner_.reset();
  trailer_scanner_.reset();
  head_.clear();
  trailers_.clear();
  fields_.clear();
  framing_ = {};
  head_done_ = false;
  message_done_ = false;
  body_ = {};
  body_bytes_ = 0;
  left_ = 0;
  chunks_ = 0;
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
    default:
      return fail({400, "There is a control character in the head."}, input);
  }
}

ParseStep MessageReader::fail_llhttp(const Input& input) noexcept {
  if (error_.status != 0) return fail(error_, input);  // judge_head() said so
  const auto code = llhttp_get_errno(&llhttp_);
  if (phase_ == Phase::chunk_framing && code != HPE_INVALID_CHUNK_SIZE) {
    return fail({400, "A chunk does not end where its size says, or its extensions are malformed."}, input);
  }
  return fail({400, describe(code)}, input);
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
  // Only the scanner's empty lines can be in front of the start line.
  if (head_.empty()) taken.remove_prefix(std::min(taken.find_first_not_of("\r\n"), taken.size()));
  head_.append(taken);

  switch (result) {
    case SectionScanner::Result::need_more:
      return std::nullopt;
    case SectionScanner::Result::start_line:
      start_line_bytes_ = head_.size() - 2;
      if (auto error = check_start_line(std::string_view(head_).substr(0, start_line_bytes_))) {
        return fail(*error, input);
      }
      return std::nullopt;
    case SectionScanner::Result::complete:
      break;
    default:
      return fail_section(result, input);
  }

  if (llhttp_execute(&llhttp_, head_.data(), head_.size()) != HPE_OK) return fail_llhttp(input);
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

// Bytes of the body only: exactly `left_` of them are given to llhttp, which so makes one span of them.
std::optional<ParseStep> MessageReader::read_body(Input& input) {
  if (input.rest.empty()) return std::nullopt;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.rest.size()));
  const auto given = input.take(count);
  if (llhttp_execute(&llhttp_, given.data(), given.size()) != HPE_OK) return fail_llhttp(input);
  if (left_ != unknown_length) left_ -= count;
  body_bytes_ += count;
  if (body_bytes_ > body_limit_)
    return fail({413, "The body is too large."}, input);  // only without a length
  if (phase_ == Phase::chunk_data && left_ == 0) phase_ = Phase::chunk_framing;
  if (message_done_) phase_ = Phase::complete;
  return step(ParseEvent::body, input, body_);
}

// The end of the chunk before, and the size line of the next: llhttp pauses where its data starts.
std::optional<ParseStep> MessageReader::read_chunk_framing(Input& input) {
  if (input.rest.empty()) return std::nullopt;
  const auto code = llhttp_execute(&llhttp_, input.rest.data(), input.rest.size());
  const bool line_complete = code == HPE_PAUSED;
  if (code != HPE_OK && !line_complete) return fail_llhttp(input);

  const auto taken = line_complete
                         ? static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - input.rest.data())
                         : input.rest.size();
  input.take(taken);
  chunk_framing_bytes_ += taken;
  if (chunk_framing_bytes_ > limits_.bytes + free_framing_per_chunk * (chunks_ + 1)) {
    return fail({400, "The chunk extensions are too long."}, input);
  }
  if (!line_complete) return std::nullopt;

  llhttp_resume(&llhttp_);
  ++chunks_;
  if (left_ > body_limit_ - body_bytes_) return fail({413, "The body is too large."}, input);
  phase_ = left_ == 0 ? Phase::trailers : Phase::chunk_data;
  return std::nullopt;
}

std::optional<ParseStep> MessageReader::read_trailers(Input& input) {
  const auto [result, count] = trailer_scanner_.scan(input.rest);
  trailers_.append(input.take(count));
  if (result == SectionScanner::Result::need_more) return std::nullopt;
  if (result != SectionScanner::Result::complete) return fail_section(result, input);
  if (llhttp_execute(&llhttp_, trailers_.data(), trailers_.size()) != HPE_OK) return fail_llhttp(input);
  if (!message_done_) return fail({400, "The trailer section is malformed."}, input);
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
  framing_.keep_alive = llhttp_should_keep_alive(&llhttp_) != 0;
  return check_head(std::string_view(head_).substr(0, start_line_bytes_));
}

// RFC 9112 section 6, without the leeway it leaves: anything two parties could read differently is refused.
// llhttp refuses some of it itself, before it calls back (repeated lengths and codings): how much depends on
// its version and on its lenient flags, and this does not.
std::optional<ParseError> MessageReader::judge_framing() {
  FramingFields found;
  for (const auto& field : fields_) {
    if (iequals(field.name, "content-length")) {
      ++found.content_lengths;
      found.content_length = field.value;
    } else if (iequals(field.name, "transfer-encoding")) {
      add_transfer_codings(found, field.value);
    }
  }

  if (found.has_transfer_encoding) {
    if (llhttp_.http_minor == 0) return ParseError{400, "Transfer-Encoding is not part of HTTP/1.0."};
    if (found.content_lengths > 0) return ParseError{400, "Content-Length comes with Transfer-Encoding."};
    if (found.has_empty_coding) return ParseError{400, "Transfer-Encoding is malformed."};
    if (found.has_unknown_coding) return ParseError{501, "The only transfer coding supported is chunked."};
    if (found.transfer_encodings > 1) return ParseError{400, "The chunked transfer coding is repeated."};
    framing_.chunked = true;
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
  return std::nullopt;
}

}  // namespace http::detail
