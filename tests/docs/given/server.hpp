// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the examples of server and server/patterns take for granted.

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "any.hpp"
#include "http/message/target.hpp"
#include "inspector/core.hpp"
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

namespace of_leak_log {
extern server::MetricsOfLoops workers;
}
namespace of_memory_watch {
extern http::server::Worker admin;
}
namespace of_signals {
extern asio::io_context io;
}

}  // namespace given
