// SPDX-License-Identifier: BSL-1.0
#pragma once
// Runs the real leash-server as a child process, and talks to it over real sockets.
//
// Guarantees     the destructor kills the child if it has not ended before.
// Threads        one.
//
//   ServerProcess server({"--mode", "leaky"});
//   EXPECT_EQ(server.get("/healthz").status, 200);
//   EXPECT_EQ(server.stop(), 0);

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// What a command wrote, and how it ended (128 + signal when killed).
struct Finished {
  int status = -1;
  std::string out;
  std::string err;
};
Finished run_command(const std::vector<std::string>& command);

// Polls with growing pauses until the condition is true; false after about ten seconds.
bool eventually(const std::function<bool()>& holds);

struct HttpReply {
  int status = 0;
  std::string head;
  std::string body;
};

// A socket to 127.0.0.1 that sends bytes as they are.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);                         // throws if nothing listens
  static std::unique_ptr<RawClient> connect(std::uint16_t port);  // returns null instead
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  void send(std::string_view bytes);
  // Everything until the server closes, or until nothing has arrived for `quiet`.
  std::string receive_all(std::chrono::milliseconds quiet = std::chrono::seconds(10));
  // Everything up to the end of this text, or everything if it does not arrive.
  std::string receive_until(std::string_view text);
  // The next response with Content-Length; status 0 if the connection ended first.
  HttpReply receive_reply();
  bool closed_by_server();  // waits for it, for at most ten seconds
  bool at_end() const { return eof_; }
  bool has_bytes() const { return !buffer_.empty(); }  // received but not taken yet
  void shutdown_sending();
  void close();  // also its receiving side
  void reset();  // the same, with RST

 private:
  bool receive_some(std::chrono::milliseconds limit);
  int fd_;
  std::string buffer_;
  bool eof_ = false;
};

class ServerProcess {
 public:
  explicit ServerProcess(std::vector<std::string> options = {});
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  std::uint16_t port() const { return port_; }
  std::uint16_t admin_port() const { return admin_port_; }
  std::string url(std::string_view target) const;
  pid_t pid() const { return pid_; }

  HttpReply get(std::string_view target, std::string_view extra_headers = {}) const;
  HttpReply admin(std::string_view method, std::string_view target, std::string_view body = {},
                  std::string_view extra_headers = {}) const;

  // Sum of the samples of /metrics whose name is this and whose labels contain this text.
  double metric(std::string_view name, std::string_view labels = {}) const;
  // The same, repeated until it has the expected value.
  bool metric_becomes(std::string_view name, std::string_view labels, double wanted) const;

  // From now on only this many more descriptors can be opened.
  void leave_descriptors(unsigned count) const;
  // From now on it gets no more memory from the system.
  void leave_no_memory() const;
  double cpu_seconds() const;

  void signal(int number) const;
  // Waits for the exit status; 128 + signal if it was killed.
  int wait();
  int stop();  // SIGTERM, then wait
  std::string log() const;

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
  std::string directory_;
  std::uint16_t port_ = 0;
  std::uint16_t admin_port_ = 0;
};

}  // namespace support
