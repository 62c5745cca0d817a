// SPDX-License-Identifier: BSL-1.0
#include "tests/support/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

namespace support {

using namespace std::chrono_literals;

namespace {

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

pid_t spawn(const std::vector<std::string>& command, const std::string& out, const std::string& err) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const auto redirect = [](const std::string& path, int fd) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ::dup2(file, fd);
  };
  redirect(out, STDOUT_FILENO);
  redirect(err, STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

int status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

std::string temporary_directory() {
  std::string path = (std::filesystem::temp_directory_path() / "leash-test-XXXXXX").string();
  if (!::mkdtemp(path.data())) throw std::runtime_error("mkdtemp failed");
  return path;
}

std::uint16_t port_after(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key);
  const std::size_t colon = line.find(':', at + key.size());
  return static_cast<std::uint16_t>(std::strtoul(line.c_str() + colon + 1, nullptr, 10));
}

}  // namespace

bool eventually(const std::function<bool()>& holds) {
  auto pause = 1ms;
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    ::poll(nullptr, 0, static_cast<int>(pause.count()));
    pause = std::min(pause * 2, 200ms);
  }
  return true;
}

Finished run_command(const std::vector<std::string>& command) {
  const std::string directory = temporary_directory();
  const pid_t pid = spawn(command, directory + "/out", directory + "/err");
  int wait_status = 0;
  ::waitpid(pid, &wait_status, 0);
  Finished finished{status_of(wait_status), slurp(directory + "/out"), slurp(directory + "/err")};
  std::filesystem::remove_all(directory);
  return finished;
}

// --- RawClient ---

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    throw std::runtime_error("cannot connect to the server");
  }
  const int on = 1;  // bytes leave as they are given
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::unique_ptr<RawClient> RawClient::connect(std::uint16_t port) {
  try {
    return std::make_unique<RawClient>(port);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // the server has closed: what it said before is still to be read
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool RawClient::receive_some(std::chrono::milliseconds limit) {
  if (eof_) return false;
  pollfd state{fd_, POLLIN, 0};
  if (::poll(&state, 1, static_cast<int>(limit.count())) <= 0) return false;
  char chunk[16384];
  const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
  if (n <= 0) {
    eof_ = true;
    return false;
  }
  buffer_.append(chunk, static_cast<std::size_t>(n));
  return true;
}

std::string RawClient::receive_all(std::chrono::milliseconds quiet) {
  while (receive_some(quiet)) {
  }
  return std::exchange(buffer_, {});
}

std::string RawClient::receive_until(std::string_view text) {
  std::size_t at = 0;
  while ((at = buffer_.find(text)) == std::string::npos) {
    if (!receive_some(10s)) return std::exchange(buffer_, {});
  }
  std::string seen = buffer_.substr(0, at + text.size());
  buffer_.erase(0, seen.size());
  return seen;
}

HttpReply RawClient::receive_reply() {
  HttpReply reply;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_some(10s)) return reply;
  }
  reply.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  std::size_t length = 0;
  if (const std::size_t at = reply.head.find("Content-Length: "); at != std::string::npos) {
    length = std::strtoul(reply.head.c_str() + at + 16, nullptr, 10);
  }
  while (buffer_.size() < length && receive_some(10s)) {
  }
  reply.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  reply.status = std::atoi(reply.head.c_str() + 9);
  return reply;
}

bool RawClient::closed_by_server() {
  while (receive_some(10s)) {
  }
  return eof_;
}

void RawClient::shutdown_sending() { ::shutdown(fd_, SHUT_WR); }

void RawClient::close() { ::close(std::exchange(fd_, -1)); }

void RawClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

// --- ServerProcess ---

ServerProcess::ServerProcess(std::vector<std::string> options) : directory_(temporary_directory()) {
  std::vector<std::string> command{LEASH_SERVER_BINARY, "--port", "0", "--admin-port", "0"};
  command.insert(command.end(), options.begin(), options.end());
  pid_ = spawn(command, directory_ + "/out", directory_ + "/err");
  const bool ready = eventually([&] { return slurp(directory_ + "/out").find('\n') != std::string::npos; });
  if (!ready) throw std::runtime_error("leash-server did not become ready: " + log());
  const std::string line = slurp(directory_ + "/out");
  port_ = port_after(line, "public=http:");
  admin_port_ = port_after(line, "admin=http:");
}

ServerProcess::~ServerProcess() {
  if (!status_) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  if (testing::Test::HasFailure()) std::fprintf(stderr, "--- the server's log\n%s---\n", log().c_str());
  std::filesystem::remove_all(directory_);
}

std::string ServerProcess::url(std::string_view target) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
}

HttpReply ServerProcess::get(std::string_view target, std::string_view extra_headers) const {
  RawClient client(port_);
  client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(extra_headers) +
              "\r\n");
  return client.receive_reply();
}

HttpReply ServerProcess::admin(std::string_view method, std::string_view target, std::string_view body,
                               std::string_view extra_headers) const {
  RawClient client(admin_port_);
  client.send(std::string(method) + " " + std::string(target) +
              " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
              std::string(extra_headers) + "\r\n" + std::string(body));
  return client.receive_reply();
}

double ServerProcess::metric(std::string_view name, std::string_view labels) const {
  const std::string text = admin("GET", "/metrics").body;
  double sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    if (!line.starts_with(name) || (line[name.size()] != '{' && line[name.size()] != ' ')) continue;
    const std::size_t space = line.rfind(' ');
    if (line.substr(0, space).find(labels) == std::string_view::npos) continue;
    sum += std::strtod(line.data() + space + 1, nullptr);
  }
  return sum;
}

bool ServerProcess::metric_becomes(std::string_view name, std::string_view labels, double wanted) const {
  double last = -1;
  const bool did = eventually([&] { return (last = metric(name, labels)) == wanted; });
  if (!did) std::fprintf(stderr, "%s is %g instead of %g\n", std::string(name).c_str(), last, wanted);
  return did;
}

void ServerProcess::leave_descriptors(unsigned count) const {
  std::set<unsigned> open;
  int same = 0;
  const bool settled = eventually([&] {  // the server may just close one
    std::set<unsigned> now;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd")) {
      now.insert(static_cast<unsigned>(std::stoul(entry.path().filename().string())));
    }
    same = now == open ? same + 1 : 0;
    open = std::move(now);
    return same == 5;
  });
  if (!settled) throw std::runtime_error("the server's descriptors do not settle");
  unsigned limit = 0;
  for (; count > 0 || open.contains(limit); ++limit) {
    if (!open.contains(limit)) --count;
  }
  rlimit now{};
  ::prlimit(pid_, RLIMIT_NOFILE, nullptr, &now);
  const rlimit wanted{limit, now.rlim_max};
  if (::prlimit(pid_, RLIMIT_NOFILE, &wanted, nullptr) != 0) throw std::runtime_error("prlimit failed");
}

void ServerProcess::leave_no_memory() const {
  rlimit now{};
  ::prlimit(pid_, RLIMIT_DATA, nullptr, &now);
  const rlimit wanted{1, now.rlim_max};
  if (::prlimit(pid_, RLIMIT_DATA, &wanted, nullptr) != 0) throw std::runtime_error("prlimit failed");
}

double ServerProcess::cpu_seconds() const {
  const std::string stat = slurp("/proc/" + std::to_string(pid_) + "/stat");
  std::istringstream after_command(stat.substr(stat.rfind(')') + 2));
  std::string field;
  for (int i = 3; i < 14; ++i) after_command >> field;
  double user = 0;
  double system = 0;
  after_command >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void ServerProcess::signal(int number) const { ::kill(pid_, number); }

int ServerProcess::wait() {
  if (!status_) {
    int wait_status = 0;
    ::waitpid(pid_, &wait_status, 0);
    status_ = status_of(wait_status);
  }
  return *status_;
}

int ServerProcess::stop() {
  signal(SIGTERM);
  return wait();
}

std::string ServerProcess::log() const { return slurp(directory_ + "/err"); }

}  // namespace support
