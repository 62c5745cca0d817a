#include "server/program.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <expected>
#include <memory>
#include <string>

#include "server/healthcheck.hpp"
#include "server/log.hpp"
#include "server/options.hpp"
#include "server/process.hpp"
#include "server/server.hpp"

namespace server {

int program(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options) return options.error();

  if (options->healthcheck) return healthcheck(*options);

  std::signal(SIGPIPE, SIG_IGN);
  raise_max_open_fds();
  // Standard output has the ready line alone; the log goes to standard error.
  open_log(options->log_level, options->log_format);

  std::expected<std::unique_ptr<Server>, std::string> server;
  try {
    server = Server::open(*options);
  } catch (const std::exception& e) {  // no descriptors, or no memory
    server = std::unexpected(e.what());
  }
  if (!server) {
    std::fprintf(stderr, "leash-server: %s\n", server.error().c_str());
    return 2;
  }
  return (*server)->run();
}

}  // namespace server
