// SPDX-License-Identifier: BSL-1.0
// Linked by leash::inspector_auto: an inspector that runs as long as the program, if LEASH_INSPECT is set, and a dump on
// the signal that LEASH_DUMP_SIGNAL names, also if the program has no Loop.
#include <errno.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "leash/dump_on_signal.hpp"
#include "leash/inspector.hpp"

// The linker must resolve this symbol, and so links this object file.
extern "C" const char leash_inspector_auto = 0;

namespace {

// Null if LEASH_INSPECT is not set. Null with a line on standard error if the inspector cannot start.
std::unique_ptr<leash::Inspector> start() {
  const char* const where = std::getenv("LEASH_INSPECT");
  if (!where || *where == '\0') return nullptr;
  const char* const token = std::getenv("LEASH_ADMIN_TOKEN");
  if (token && *token == '\0') {
    std::fputs(
        "leash: the inspector cannot start: LEASH_ADMIN_TOKEN is empty; unset it if no token is needed\n",
        stderr);
    return nullptr;
  }
  leash::InspectorOptions options;
  options.listen = where;
  options.name = program_invocation_short_name;
  if (token) options.token = token;
  options.log = [](std::string_view line) {
    if (line.starts_with("level=debug")) return;  // each request to the inspector
    std::fprintf(stderr, "leash: %.*s\n", static_cast<int>(line.size()), line.data());
  };
  auto started = leash::Inspector::start(std::move(options));
  if (!started) {
    std::fprintf(stderr, "leash: the inspector cannot start: LEASH_INSPECT: %s\n", started.error().c_str());
    return nullptr;
  }
  std::fprintf(stderr, "leash: the inspector listens on %s\n", started->url().c_str());
  return std::make_unique<leash::Inspector>(std::move(*started));
}

// Constructed before main() and destroyed after it.
struct Running {
  Running() { leash::detail::dump_on_signal_of_environment(); }
  ~Running() {
    if (::getpid() != process) (void)inspector.release();  // a forked child has no inspector thread to stop
  }
  std::unique_ptr<leash::Inspector> inspector = start();
  const pid_t process = ::getpid();
};
Running running;

}  // namespace
