// SPDX-License-Identifier: BSL-1.0
#include "tests/support/strict_response.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace support {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](unsigned char c) { return std::tolower(c); },
      [](unsigned char c) { return std::tolower(c); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return (c < 0x80 && std::isalnum(c)) || (c != 0 && std::strchr("!#$%&'*+-.^_`|~", c));
  });
}

bool is_text(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// IMF-fixdate, and now, give or take a minute.
bool is_date_of_now(const std::string& text) {
  constexpr const char* format = "%a, %d %b %Y %H:%M:%S GMT";
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), format, &parts);
  if (!end || *end != '\0') return false;
  const std::time_t then = ::timegm(&parts);
  std::array<char, 64> again{};
  std::strftime(again.data(), again.size(), format, &parts);
  return text == again.data() && std::abs(std::difftime(std::time(nullptr), then)) <= 60;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  StrictReading read(const std::function<bool(std::size_t)>& is_head) {
    StrictReading seen;
    while (fault_.empty() && !rest_.empty()) {
      const bool last = !seen.responses.empty() && seen.responses.back().closes();
      if (last) {
        fail("bytes behind a response that says \"Connection: close\"");
        break;
      }
      StrictResponse response;
      read_head(response);
      if (!fault_.empty()) break;
      if (response.status < 200) {
        if (response.field("Content-Length") || response.field("Transfer-Encoding"))
          fail("a 1xx with framing");
        ++seen.interim;
        continue;
      }
      check_fields(response);
      read_body(response, is_head && is_head(seen.responses.size()));
      seen.responses.push_back(std::move(response));
    }
    if (!fault_.empty()) {
      seen.fault = "response " + std::to_string(seen.responses.size()) + ": " + fault_;
    }
    return seen;
  }

 private:
  void fail(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
  }

  std::string_view line() {
    const auto end = rest_.find("\r\n");
    if (end == std::string_view::npos) {
      fail("cut off in a line: " + std::string(rest_.substr(0, 80)));
      return {};
    }
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    if (!is_text(taken)) fail("a control character in a line: " + std::string(taken));
    return taken;
  }

  void read_head(StrictResponse& response) {
    const auto status_line = line();
    const bool well_formed = status_line.size() >= 13 && status_line.starts_with("HTTP/1.1 ") &&
                             all_digits(status_line.substr(9, 3)) && status_line[12] == ' ';
    if (!well_formed) return fail("not a status line: " + std::string(status_line));
    response.status = std::atoi(std::string(status_line.substr(9, 3)).c_str());
    if (response.status < 100 || response.status > 599) return fail("not a status");
    for (auto field = line(); fault_.empty() && !field.empty(); field = line()) {
      const auto colon = field.find(':');
      if (colon == std::string_view::npos || !is_token(field.substr(0, colon))) {
        return fail("not a field: " + std::string(field));
      }
      auto value = field.substr(colon + 1);
      value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
      value = value.substr(0, value.find_last_not_of(" \t") + 1);
      response.fields.emplace_back(field.substr(0, colon), value);
    }
  }

  void check_fields(const StrictResponse& response) {
    for (const char* single :
         {"Date", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Allow"}) {
      const auto count =
          std::ranges::count_if(response.fields, [&](const auto& f) { return same_name(f.first, single); });
      if (count > 1) fail(std::string(single) + " is repeated");
    }
    const auto date = response.field("Date");
    if (!date || !is_date_of_now(*date)) fail("no Date, or not of now: " + date.value_or(""));
    if (response.status == 405 && !response.field("Allow")) fail("405 without Allow");
    if (response.status >= 400 && response.field("Content-Type") != "application/problem+json") {
      fail("an error that is not application/problem+json");
    }
  }

  void read_body(StrictResponse& response, bool to_head) {
    const auto length = response.field("Content-Length");
    const auto coding = response.field("Transfer-Encoding");
    if (length && coding) return fail("Content-Length with Transfer-Encoding");
    if (length && !all_digits(*length)) return fail("Content-Length is " + *length);
    if (coding && *coding != "chunked") return fail("Transfer-Encoding is " + *coding);
    if (response.status == 204 || response.status == 304) {
      if (length || coding) fail("a status without a body has framing");
      return;
    }
    if (to_head) return;
    if (length) {
      response.body = take(std::strtoull(length->c_str(), nullptr, 10));
    } else if (coding) {
      read_chunks(response.body);
    } else if (response.closes()) {
      response.body = take(rest_.size());
    } else {
      fail("a body without framing on a connection that stays");
    }
  }

  void read_chunks(std::string& body) {
    while (fault_.empty()) {
      const auto size_line = std::string(line());
      char* end = nullptr;
      const auto size = std::strtoull(size_line.c_str(), &end, 16);
      if (size_line.empty() || !std::isxdigit(static_cast<unsigned char>(size_line[0])) || *end != '\0') {
        return fail("not a chunk size: " + size_line);
      }
      body += take(size);
      if (!line().empty()) return fail("a chunk is longer than its size, or there are trailers");
      if (size == 0) return;
    }
  }

  std::string take(std::size_t size) {
    if (rest_.size() < size) fail("cut off in a body");
    const std::string taken(rest_.substr(0, size));
    rest_.remove_prefix(std::min(size, rest_.size()));
    return taken;
  }

  std::string_view rest_;
  std::string fault_;
};

}  // namespace

std::optional<std::string> StrictResponse::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

bool StrictResponse::closes() const { return field("Connection") == "close"; }

StrictReading read_strictly(std::string_view bytes, const std::function<bool(std::size_t)>& is_head) {
  return Reader(bytes).read(is_head);
}

}  // namespace support
