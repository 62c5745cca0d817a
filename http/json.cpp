#include "http/json.hpp"

#include <nlohmann/json.hpp>

namespace http {

using nlohmann::ordered_json;

ordered_json parse_json(std::string_view text) {
  bool too_deep = false;
  using Event = ordered_json::parse_event_t;
  const auto limit_depth = [&](int around, Event event, const ordered_json&) {
    const bool opens = event == Event::array_start || event == Event::object_start;
    too_deep |= opens && static_cast<std::size_t>(around) >= most_json_depth;
    return !too_deep;
  };
  ordered_json value = ordered_json::parse(text, limit_depth, false);
  if (too_deep) return ordered_json(ordered_json::value_t::discarded);
  return value;
}

}  // namespace http
