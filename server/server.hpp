// SPDX-License-Identifier: BSL-1.0
#pragma once
// The whole server: workers, listeners, signals and the drain.
//
// What it is     open() binds both listeners; run() serves until a signal, drains, and gives the exit status.
// Guarantees     SIGTERM or SIGINT: readiness turns 503, after the drain delay the listeners close, requests
//                finish within the drain timeout, then their contexts are done with cause shutdown; what
//                still lives a second later is named in the drain report. A second signal ends the process at
//                once. Without memory for it the drain is cut short, as if tasks were left.
// Threads        run() uses the calling thread for the admin listener and starts one for each worker.
//
//   auto server = server::Server::open(options);
//   if (!server) { std::cerr << server.error(); return 2; }
//   return (*server)->run();

#include <asio/signal_set.hpp>
#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "leash/task.hpp"
#include "inspector/access.hpp"
#include "inspector/debug.hpp"
#include "http/server/listener.hpp"
#include "inspector/live_page.hpp"
#include "inspector/loop_probe.hpp"
#include "server/options.hpp"
#include "http/server/router.hpp"
#include "http/server/shared.hpp"
#include "http/server/worker.hpp"

namespace server {

class Server {
 public:
  static constexpr int drained = 0;
  static constexpr int tasks_left = 3;

  // The error is one line.
  static std::expected<std::unique_ptr<Server>, std::string> open(const Options& options);
  ~Server();

  // Throws where the system does not have what it takes to begin: threads, descriptors, memory.
  int run();

 private:
  explicit Server(const Options& options);
  std::expected<void, std::string> connect_upstream();
  std::expected<void, std::string> listen();
  void warn() const;
  void start(Listener listener, Worker& on, std::vector<Worker*> to, const std::function<bool()>& full);
  leash::Task<> run(Listener listener, leash::Context ctx, std::vector<Worker*> to,
                    std::function<bool()> full);
  leash::Task<> wait_for_signal(leash::Context ctx, asio::signal_set* signals);
  leash::Task<> watch_memory(leash::Context ctx);
  leash::Task<> drain();
  leash::Task<> wait_until_served(leash::Duration limit, bool all);
  leash::Task<> report_what_is_left();
  leash::Task<> close_admin();
  std::uint64_t connections() const;
  std::uint64_t tasks_alive() const;

  Shared shared_;
  Router public_router_;
  Workers workers_;
  LoopProbes probes_;
  DebugRoutes debug_;
  AdminAccess access_;
  LivePage live_page_;
  Router admin_router_;
  Worker admin_;
  std::vector<leash::Cancelable> listening_;  // each of the loop of its listener
  std::vector<leash::RemoteCancel> stop_listening_;
  std::optional<leash::Cancelable> admin_listening_;
  std::atomic<int> listeners_{0};  // not closed yet
  std::uint64_t most_connections_ = 0;
  std::string public_url_;
  std::string admin_url_;
  bool admin_is_open_ = false;  // to others than this machine, without a token
  int status_ = drained;
};

}  // namespace server
