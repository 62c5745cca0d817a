#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>

#include "server/options.hpp"
#include "server/process.hpp"
#include "server/server.hpp"

int main(int argc, char** argv) {
  const auto options = server::parse_options(argc, argv);
  if (!options) return options.error();

  std::signal(SIGPIPE, SIG_IGN);
  server::raise_max_open_fds();
  // Standard output has the ready line alone; the log goes to standard error.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("leash-server"));
  spdlog::set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
  spdlog::set_level(spdlog::level::from_str(options->log_level == "warn" ? "warning" : options->log_level));

  auto server = server::Server::open(*options);
  if (!server) {
    std::fprintf(stderr, "leash-server: %s\n", server.error().c_str());
    return 2;
  }
  return (*server)->run();
}
