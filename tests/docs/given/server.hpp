// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the examples of inspector and server take for granted.

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "any.hpp"
#include "http/message/target.hpp"
#include "inspector/core.hpp"
#include "inspector/recent_dumps.hpp"
#include "inspector/recent_samples.hpp"
#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "server/cure.hpp"
#include "server/leak_log.hpp"
#include "server/options.hpp"
#include "server/patterns/pattern.hpp"
#include "server/routes.hpp"

namespace given {

using namespace std::chrono_literals;

void use(const auto&...);

extern leash::Loop loop;
extern leash::Context ctx;
extern server::Options options;
extern server::Shared& shared;
extern http::server::Service& service;
extern http::server::Workers workers;
extern server::Demo demo;
extern std::string message;
extern http::Url url;
extern int argc;
extern char** argv;

extern std::vector<http::server::Route> routes;
extern inspector::LoopProbes probes;

namespace of_access {
extern std::string token;
extern const http::Request& request;
void respond(const auto&...);
}  // namespace of_access
namespace of_coroutine_probe {
extern inspector::CoroutineProbe probe;
extern inspector::StallLog& stalls;
}  // namespace of_coroutine_probe
namespace of_core {
extern std::vector<http::server::Route> mine;
}
namespace of_debug {
using inspector::DebugRoutes;
}
namespace of_inspection {
extern leash::Loop& here;
}
namespace of_leak_log {
extern server::MetricsOfLoops workers;
}
namespace of_live_page {
using inspector::LivePage;
extern inspector::Program program;
}  // namespace of_live_page
namespace of_memory_watch {
extern http::server::Worker admin;
}
namespace of_metrics {
void append_mine(auto& families);
}
namespace of_pprof {
extern http::Response response;
}
namespace of_program {
http::Response mode(http::server::Exchange&);
}
namespace of_recent_dumps {
using inspector::RecentDumps;
extern RecentDumps dumps;
extern std::string question;
extern leash::TimePoint at;
extern leash::Dump dump;
}  // namespace of_recent_dumps
namespace of_recent_samples {
extern inspector::RecentSamples samples;
extern std::uint64_t seen;
}  // namespace of_recent_samples
namespace of_signals {
extern asio::io_context io;
}
namespace of_stall_log {
extern inspector::StallLog& stalls;
extern std::string name;
extern std::string site;
extern pid_t thread;
extern std::chrono::nanoseconds lag;
}  // namespace of_stall_log
namespace of_stack {
extern leash::TaskGroup group;
}

}  // namespace given
