// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the program that is inspected adds to its inspector: all of it is optional.
//
// Threads        the functions are called on the inspector's thread, but for `log`: on any.
//
//   inspector::Program program{.name = "leash-server", .token = options.admin_token};
//   program.routes.push_back({http::Method::get, "/mode", "", "the mode", mode});

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "http/message/json_writer.hpp"
#include "http/server/service.hpp"
#include "inspector/loop_probe.hpp"
#include "inspector/metrics.hpp"

namespace inspector {

struct Program {
  std::string name = "leash";
  std::string token = {};  // empty: none is needed
  std::vector<std::string> names =
      {};                 // of this host, by which it may be asked without a token; any address may
  bool any_name = false;  // it listens on a file, where no browser asks
  std::vector<http::server::Route> routes = {};
  StallOptions stall = {};
  http::server::Settings settings = {};  // of the inspector's own connections
  http::server::LogFunction log = {};

  AppendFamilies append_families = {};                    // to /metrics
  std::function<std::uint64_t()> requests_answered = {};  // since the start, for the live page's curve
  std::function<void(http::JsonWriter&)> append_to_history = {};  // members of /debug/history, for `page`
  std::string page = {};                                          // at the end of the live page's body
};

}  // namespace inspector
