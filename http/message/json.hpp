// SPDX-License-Identifier: BSL-1.0
#pragma once
// Parses JSON from an untrusted source.
//
// Guarantees     what is not JSON, is nested deeper than `most_json_depth`, or has an object of more names than
//                `most_json_names`, is discarded: no text makes copying or printing the value run out of stack,
//                and the time to parse it grows as the text does. Throws only std::bad_alloc.
// Threads        any; there is no state.
//
//   const nlohmann::ordered_json answer = http::parse_json(response.body);
//   if (answer.is_discarded()) co_return complain("the response is not JSON");

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace http {

inline constexpr std::size_t most_json_depth = 100;  // arrays and objects in each other
inline constexpr std::size_t most_json_names = 250;  // of one object; each is compared with those before it

[[nodiscard]] nlohmann::ordered_json parse_json(std::string_view text);

}  // namespace http
