// SPDX-License-Identifier: BSL-1.0
#pragma once
// Writes JSON as text, value by value: the one that the library writes its reports with.
//
// Guarantees     leash/src/report/json_writer.hpp says them.
// Threads        one.
//
//   std::string text;
//   http::JsonWriter json(text);
//   json.begin_object().member("count", 3).member("loop", name).key("times").list(times).end_object();

#include "leash/src/report/json_writer.hpp"

namespace http {

using leash::detail::JsonWriter;

}  // namespace http
