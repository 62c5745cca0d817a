// SPDX-License-Identifier: BSL-1.0
#pragma once
// The common part of RequestParser and ResponseParser: reads head, body and trailers of one message after
// another.
//
// What it is     SectionScanner finds the end of the head; llhttp then parses it in one piece, and its result about the
//                framing of the body must agree with what this class reads from the fields. The derived class checks
//                start line and head. ChunkScanner reads chunks, and another SectionScanner reads
//                trailers.
// Guarantees     a body is returned as views of the input: only the head is copied, once.
// Lifetime       the fields, an object of the derived class, view a buffer of this class until reset(). A
//                reader is not movable, because llhttp points to it.
// Threads        one at a time.
//
//   class Impl : MessageReader { std::optional<ParseError> check_head(std::string_view) override; ... };

#include <llhttp.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/message/detail/chunk_scanner.hpp"
#include "http/message/detail/section_scanner.hpp"
#include "http/message/message.hpp"
#include "http/message/parse_step.hpp"

namespace http::detail {

class MessageReader {
 public:
  MessageReader(llhttp_type_t type, const SectionLimits& limits, std::uint64_t body_limit,
                HeaderViews& fields);
  MessageReader(const MessageReader&) = delete;
  MessageReader& operator=(const MessageReader&) = delete;
  virtual ~MessageReader() = default;

  ParseStep feed(std::span<const char> bytes);

  // Called when the peer sends nothing more. Returns true if the message is complete, perhaps because of that; false if
  // it is truncated, which is an error.
  bool finish_at_eof() noexcept;

  // Prepares for the next message. After an error it has no effect.
  void reset() noexcept;

  const ParseError& error() const noexcept { return error_; }
  bool complete() const noexcept { return phase_ == Phase::complete; }
  bool untouched() const noexcept { return phase_ == Phase::head && scanner_.untouched(); }

 protected:
  enum class BodyRule : std::uint8_t { framed, none };  // none: no body, whatever the head announces
  struct Framing {
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = false;
  };

  // Called when the line is complete, before llhttp sees it; it may be rewritten into a form that llhttp knows. `line` has
  // no CR LF and is valid during the call only.
  virtual std::optional<ParseError> check_start_line(std::span<char> line) = 0;

  // Called when the fields are complete and framing() was checked. `start_line` is valid as long as the fields.
  virtual std::optional<ParseError> check_head(std::string_view start_line) = 0;
  virtual BodyRule body_rule() const noexcept { return BodyRule::framed; }

  // Called when a head is complete: true drops this message and continues with the next one.
  virtual bool skips_message() noexcept { return false; }

  const Framing& framing() const noexcept { return framing_; }

 private:
  enum class Phase : std::uint8_t { head, body, chunk_framing, chunk_data, trailers, complete, failed };
  struct Callbacks;

  // The rest of the input, and the number of bytes taken from it.
  struct Input {
    std::string_view rest;
    std::size_t consumed = 0;
    std::string_view take(std::size_t count) noexcept;
  };

  ParseStep step(ParseEvent event, const Input& input, std::string_view body = {}) const noexcept;
  ParseStep fail(const ParseError& error, const Input& input) noexcept;
  ParseStep fail_section(SectionScanner::Result result, const Input& input) noexcept;
  ParseStep fail_llhttp(const Input& input) noexcept;

  std::optional<ParseStep> read_head(Input& input);
  std::optional<ParseStep> read_body(Input& input);
  std::optional<ParseStep> read_chunk_framing(Input& input);
  std::optional<ParseStep> read_trailers(Input& input);

  // Checks the head as llhttp sees it, before llhttp decides about the body.
  std::optional<ParseError> judge_head();
  std::optional<ParseError> judge_framing();
  bool replace_trailing_tabs() noexcept;
  void start_llhttp() noexcept;
  void restart() noexcept;

  llhttp_t llhttp_;
  const llhttp_type_t type_;
  const SectionLimits limits_;
  const std::uint64_t body_limit_;

  Phase phase_ = Phase::head;
  SectionScanner scanner_;
  ChunkScanner chunk_scanner_;
  SectionScanner trailer_scanner_;
  std::size_t start_line_bytes_ = 0;
  std::string head_;  // without the empty lines before it; keeps its memory from message to message
  HeaderViews& fields_;
  Framing framing_;
  ParseError error_;

  bool head_done_ = false;        // llhttp called back
  bool message_done_ = false;     // likewise: no body follows the head
  std::uint64_t body_bytes_ = 0;  // before the current chunk
  std::uint64_t left_ = 0;        // of the body, or of the current chunk
  std::uint64_t chunks_ = 0;
  std::uint64_t chunk_framing_bytes_ = 0;  // sizes, extensions and line ends
};

}  // namespace http::detail
