// SPDX-License-Identifier: BSL-1.0
#include "http/message/accept.hpp"

#include <optional>
#include <string>

#include "http/message/detail/ascii.hpp"

namespace http {
namespace {

constexpr int most = 1000;

// "0.5" is 500: a digit 0 or 1, and at most three digits after the point.
std::optional<int> parse_weight(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * most;
  int place = most;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (!detail::is_digit(text[i])) return std::nullopt;
    weight += (text[i] - '0') * (place /= 10);
  }
  return weight <= most ? std::optional(weight) : std::nullopt;
}

// How closely a range matches: 3 for the type itself, 2 for "text/*", 1 for "*/*", 0 for no match.
int specificity(std::string_view range, std::string_view type) noexcept {
  if (detail::iequals(range, type)) return 3;
  if (range == "*/*") return 1;
  const std::size_t slash = type.find('/');
  const bool of_its_kind = range.size() == slash + 2 && range.ends_with("/*") &&
                           detail::iequals(range.substr(0, slash), type.substr(0, slash));
  return of_its_kind ? 2 : 0;
}

}  // namespace

int quality(std::string_view type, std::string_view accept) noexcept {
  if (accept.find_first_not_of(" \t,") == std::string_view::npos) return most;
  int best = 0;
  int found = 0;
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    std::string_view element = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
    std::size_t semicolon = element.find(';');
    const int fits = specificity(detail::trim(element.substr(0, semicolon)), type);
    std::optional<int> weight = most;
    while (semicolon != std::string_view::npos) {
      element = element.substr(semicolon + 1);
      semicolon = element.find(';');
      const std::string_view parameter = detail::trim(element.substr(0, semicolon));
      if (parameter.size() > 2 && detail::iequals(parameter.substr(0, 2), "q=")) {
        weight = parse_weight(parameter.substr(2));
      }
    }
    if (fits <= best || !weight) continue;
    best = fits;
    found = *weight;
  }
  return found;
}

std::size_t preferred(const HeaderViews& headers, std::initializer_list<std::string_view> types) {
  std::string accept;
  for (const auto& field : headers) {
    if (detail::iequals(field.name, "Accept")) accept.append(field.value).append(",");
  }
  std::size_t best = 0;
  int most_so_far = 0;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const int weight = quality(types.begin()[i], accept);
    if (weight <= most_so_far) continue;
    best = i;
    most_so_far = weight;
  }
  return best;
}

}  // namespace http
