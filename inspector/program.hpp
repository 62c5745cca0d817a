// SPDX-License-Identifier: BSL-1.0
#pragma once
// What an inspected program adds to its inspector; everything is optional.
//
// Threads        the functions are called on the inspector's thread, except `log`, which is called on any thread.
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
  std::string token = {};  // empty: no token is required
  std::vector<std::string> names =
      {};                 // of this host, by which it may be asked without a token; any address may
  bool any_name = false;  // it listens on a file, where no browser asks
  std::vector<http::server::Route> routes = {};
  StallOptions stall = {};
  http::server::Settings settings = {};  // of the inspector's own connections
  http::server::LogFunction log = {};

  AppendFamilies append_families = {};                    // appends families to /metrics
  std::function<std::uint64_t()> requests_answered = {};  // since the start, for a chart of the live page
  std::function<void(http::JsonWriter&)> append_to_history = {};  // members of /debug/history, for `page`
  std::string page = {};                                          // HTML at the end of the live page's body
};

}  // namespace inspector
