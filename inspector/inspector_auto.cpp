// SPDX-License-Identifier: BSL-1.0
// What a program gets that links leash::inspector_auto: an inspector for as long as it runs, if LEASH_INSPECT says where.
#include <errno.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "leash/inspector.hpp"

// The linker is told to look for it, and so takes this object file.
extern "C" const char leash_inspector_auto = 0;

namespace {

// Null, and one line on standard error, if there is to be one and cannot be.
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
  auto started = leash::Inspector::start(std::move(options));
  if (!started) {
    std::fprintf(stderr, "leash: the inspector cannot start: LEASH_INSPECT: %s\n", started.error().c_str());
    return nullptr;
  }
  std::fprintf(stderr, "leash: the inspector listens on %s\n", started->url().c_str());
  return std::make_unique<leash::Inspector>(std::move(*started));
}

// Before main() and after it.
struct Running {
  ~Running() {
    if (::getpid() != process) (void)inspector.release();  // a fork has no thread of it that could be stopped
  }
  std::unique_ptr<leash::Inspector> inspector = start();
  const pid_t process = ::getpid();
};
Running running;

}  // namespace
