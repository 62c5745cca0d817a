// SPDX-License-Identifier: BSL-1.0
#pragma once
// An inspector: a loop that shows the tasks of this process, with routes, limits and a listener of its own.
//
// What it is     the core of leash::Inspector (leash/inspector.hpp); leash-server adds its own routes to it.
// Guarantees     answers while other loops are stuck; its own loop is not shown.
// Threads        run() is called on the serving thread; url() and the others before run(), or on that thread.
//
//   inspector::Core core({.name = "leash-server", .routes = std::move(mine)});
//   core.listen(std::move(*http::server::Listener::open(core.loop().io(), "127.0.0.1", 8081)));
//   core.worker().run();

#include <optional>

#include "http/server/limits/admission.hpp"
#include "http/server/listener.hpp"
#include "http/server/service.hpp"
#include "http/server/worker.hpp"
#include "inspector/access.hpp"
#include "inspector/debug.hpp"
#include "inspector/live_page.hpp"
#include "inspector/loop_probe.hpp"
#include "inspector/program.hpp"
#include "leash/context.hpp"
#include "leash/task.hpp"

namespace inspector {

class Core {
 public:
  // Throws std::system_error if descriptors run out.
  explicit Core(Program program);

  // Starts serving clients and taking samples, as soon as the loop runs.
  void listen(http::server::Listener listener);
  // Accepts no more clients; requests received so far are still answered.
  leash::Task<> close();

  http::server::Worker& worker() noexcept { return worker_; }
  leash::Loop& loop() noexcept { return worker_.loop(); }

 private:
  std::vector<http::server::Route> routes();

  const Program program_;
  LoopProbes probes_;
  LivePage live_page_;
  DebugRoutes debug_;
  Access access_;
  http::server::Service service_;
  http::server::Worker worker_;
  http::server::Admission admission_;
  std::optional<leash::Cancelable> listening_;
};

}  // namespace inspector
