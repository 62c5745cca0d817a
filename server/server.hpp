// SPDX-License-Identifier: BSL-1.0
#pragma once
// The whole server: workers, listeners, signals and drain.
//
// What it is     open() binds both listeners; run() serves until a signal, drains, and returns the exit status.
// Guarantees     on SIGTERM, SIGINT or SIGHUP /readyz turns 503, after the drain delay the listeners close, and requests
//                get the drain timeout to finish; then their contexts are canceled with cause shutdown. The drain
//                report names tasks that are alive a second later and contexts that had outlived their requests. The
//                status is `leaked` if anything had leaked or outlived its request, reaped or not, or if tasks
//                are left. A loop that does not answer is named with the task that it runs; if its thread never ends,
//                the process ends without it. A second signal ends the process at once. If memory runs out, the drain
//                is cut short, and the status is that of tasks left.
// Threads        run() uses the calling thread for the admin listener and starts one thread per worker.
//
//   auto server = server::Server::open(options);
//   if (!server) { std::cerr << server.error(); return 2; }
//   return (*server)->run();

#include <atomic>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/server/listener.hpp"
#include "http/server/service.hpp"
#include "http/server/worker.hpp"
#include "inspector/core.hpp"
#include "leash/contexts.hpp"
#include "leash/task.hpp"
#include "server/leak_log.hpp"
#include "server/log.hpp"
#include "server/options.hpp"
#include "server/routes.hpp"
#include "server/signals.hpp"

namespace server {

class Server {
 public:
  static constexpr int drained = 0;
  static constexpr int leaked = 3;

  // The error is one line.
  static std::expected<std::unique_ptr<Server>, std::string> open(const Options& options);
  ~Server();

  // Throws if the system lacks the threads, descriptors or memory to start.
  int run();

 private:
  explicit Server(const Options& options);
  std::expected<void, std::string> connect_upstream();
  std::expected<void, std::string> listen();
  void warn() const;
  void start(http::server::Listener listener, http::server::Worker& on,
             std::vector<http::server::Worker*> to);
  leash::Task<> run(http::server::Listener listener, leash::Context ctx,
                    std::vector<http::server::Worker*> to);
  leash::Task<> wait_for_signal(leash::Context ctx, Signals* signals);
  leash::Task<> watch_leaks(leash::Context ctx);
  leash::Task<> drain();
  leash::Task<> wait_until_served(leash::Duration limit, bool all);
  leash::Task<> find_outlived();
  leash::Task<> report_what_is_left();
  void join_workers();
  MetricsOfLoops metrics() const;
  std::uint64_t connections() const;
  std::uint64_t tasks_alive() const;

  Shared shared_;
  http::server::Service service_;
  http::server::Workers workers_;
  inspector::Core admin_;
  std::vector<leash::Cancelable> listening_;  // one per listener, on its loop
  std::vector<leash::RemoteCancel> stop_listening_;
  std::atomic<int> listeners_{0};  // listeners that are not closed yet
  std::uint64_t most_connections_ = 0;
  std::optional<http::server::Admission> admission_;
  std::string public_url_;
  std::string admin_url_;
  bool admin_is_open_ = false;  // reachable from other machines without a token
  LeakLog leak_log_{log_event};
  LeakTotals found_;             // when the drain began
  leash::ContextDump outlived_;  // when all requests had ended
  int status_ = drained;
};

}  // namespace server
