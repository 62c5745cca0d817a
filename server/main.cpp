#include <csignal>
#include <cstdio>

#include "server/healthcheck.hpp"
#include "server/log.hpp"
#include "server/options.hpp"
#include "server/process.hpp"
#include "server/server.hpp"

int main(int argc, char** argv) {
  const auto options = server::parse_options(argc, argv);
  if (!options) return options.error();

  if (options->healthcheck) return server::healthcheck(*options);

  std::signal(SIGPIPE, SIG_IGN);
  server::raise_max_open_fds();
  // Standard output has the ready line alone; the log goes to standard error.
  server::open_log(options->log_level, options->log_format);

  auto server = server::Server::open(*options);
  if (!server) {
    std::fprintf(stderr, "leash-server: %s\n", server.error().c_str());
    return 2;
  }
  return (*server)->run();
}
