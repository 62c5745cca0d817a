// SPDX-License-Identifier: BSL-1.0
#include "server/program.hpp"

#include <exception>
#include <expected>
#include <memory>
#include <string>

#include "cli/program.hpp"
#include "process/process.hpp"
#include "server/healthcheck.hpp"
#include "server/log.hpp"
#include "server/options.hpp"
#include "server/server.hpp"

namespace server {

namespace {

// Writes out the log on every path, including lines logged while the server is destroyed.
struct LogUntilTheEnd {
  ~LogUntilTheEnd() { close_log(); }
};

int serve(const Options& options) {
  process::raise_max_open_fds();
  // Standard output gets only the ready line; the log goes to standard error.
  open_log(options.log_level, options.log_format);
  const LogUntilTheEnd log_is_open;
  const auto server = Server::open(options);
  if (!server) {
    cli::complain(server.error());
    return 2;
  }
  return (*server)->run();
}

}  // namespace

int program(int argc, char** argv, void (*set_heap_rate)(std::size_t)) {
  cli::prepare_standard_streams();
  const auto options = parse_options(argc, argv);
  if (!options) return options.error();
  if (set_heap_rate != nullptr) set_heap_rate(options->heap_rate);
  try {
    return options->healthcheck ? healthcheck(*options) : serve(*options);
  } catch (const std::exception& e) {  // while starting: out of descriptors, threads or memory
    cli::complain(e.what());
    return options->healthcheck ? 1 : 2;
  }
}

}  // namespace server
