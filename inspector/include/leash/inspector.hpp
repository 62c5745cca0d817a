// SPDX-License-Identifier: BSL-1.0
#pragma once
// Inspects the running program: tasks, leaks, contexts and metrics over HTTP, and a live page.
//
// What it is     a listener with a thread and a loop of its own. GET / lists the routes, and is the live page for a
//                browser; /metrics is for Prometheus; /debug/tasks, /debug/leaks and /debug/contexts list what is alive.
// Guarantees     sees every Loop of the process, and answers while loops are stuck. It listens on a loopback address by
//                default; with a token, each request must carry it (Authorization: Bearer TOKEN).
// Errors         one line: an invalid option, or the reason why it cannot listen.
// Threads        start() and the destructor: any. Routes and log are called on the inspector's thread.
// Lifetime       the destructor stops it and joins its thread.
//
//   auto inspector = leash::Inspector::start({.listen = "127.0.0.1:8081"});
//   if (!inspector) {
//     std::cerr << inspector.error() << "\n";
//     return 2;
//   }
//   std::cout << inspector->url() << "\n";

#include <chrono>
#include <csignal>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leash {

struct InspectorRequest {
  std::string method;  ///< "GET"
  std::string path;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< of the query string, decoded
  std::vector<std::pair<std::string, std::string>> fields;      ///< header fields
  std::string body;
};

struct InspectorResponse {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";  ///< Content-Type
  std::string body = {};
};

/// A route that the program adds. An exception that escapes `answer` is answered with 500 and logged.
struct InspectorRoute {
  std::string method = "GET";
  std::string path = {};     ///< "/config"
  std::string summary = {};  ///< one line, for the list of routes
  std::function<InspectorResponse(const InspectorRequest&)> answer = {};
};

struct InspectorOptions {
  std::string listen = "127.0.0.1:0";  ///< ADDRESS:PORT, port 0 picks a free one; or unix:PATH
  std::string token = {};              ///< empty: no token is required
  std::vector<std::string> names =
      {};  ///< of this host: without a token it has to be asked by one, by an address or as
           /// localhost, so that no web page can be made to ask it
  std::string name = "leash";  ///< of the program, shown in titles
  std::vector<InspectorRoute> routes = {};
  /// A turn of a loop that lasts longer than this is a stall: it is logged once, with the running task, and counted.
  std::chrono::nanoseconds stall_after = std::chrono::milliseconds(500);
  int stall_signal =
      SIGURG;  ///< takes the native stack of the thread that stalls; it must be one that the program does not
               /// use; 0: a stall is logged without a stack
  std::function<void(std::string_view)> log =
      {};  ///< called with one line per event, key=value; empty: no log
};

class Inspector {
 public:
  static std::expected<Inspector, std::string> start(InspectorOptions options = {});
  Inspector(Inspector&& other) noexcept;
  Inspector& operator=(Inspector&& other) noexcept;
  ~Inspector();

  /// "http://127.0.0.1:8081", "unix:/run/app.sock"
  const std::string& url() const noexcept;

 private:
  struct Running;
  explicit Inspector(std::unique_ptr<Running> running) noexcept;
  std::unique_ptr<Running> running_;
};

}  // namespace leash
