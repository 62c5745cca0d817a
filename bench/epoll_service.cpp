// SPDX-License-Identifier: BSL-1.0
// The lower bound for the cost per request: /healthz of leash-server with epoll and llhttp alone. It has no timeouts,
// limits, contexts or metrics, and closes a connection whose response cannot be sent at once. bench/server and
// bench/connections compare it with leash-server.

#include <arpa/inet.h>
#include <llhttp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

namespace {

struct Client {
  int fd;
  llhttp_t parser;
  bool found = false;  // the target is that of the health check
  std::string out;
};

std::string head;  // up to the fields that follow Date
std::time_t head_is_of = 0;

void append_answer(std::string& out, bool found) {
  const std::time_t now = std::time(nullptr);
  if (now != head_is_of) {
    char date[64];
    std::tm parts;
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", ::gmtime_r(&now, &parts));
    head = std::string("Date: ") + date + "\r\n";
    head_is_of = now;
  }
  if (found) {
    out.append("HTTP/1.1 200 OK\r\n").append(head);
    out += "Content-Type: application/json\r\nContent-Length: 19\r\n\r\n{\"status\":\"alive\"}\n";
  } else {
    out.append("HTTP/1.1 404 Not Found\r\n").append(head).append("Content-Length: 0\r\n\r\n");
  }
}

llhttp_settings_t callbacks() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = [](llhttp_t* parser, const char* at, std::size_t size) {
    static_cast<Client*>(parser->data)->found = std::string_view(at, size) == "/healthz";
    return 0;
  };
  settings.on_message_complete = [](llhttp_t* parser) {
    auto& client = *static_cast<Client*>(parser->data);
    append_answer(client.out, client.found);
    return 0;
  };
  return settings;
}

// Returns false when the connection has ended.
bool serve(Client& client) {
  static char bytes[16 * 1024];
  for (;;) {
    const ssize_t n = ::recv(client.fd, bytes, sizeof bytes, 0);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    if (llhttp_execute(&client.parser, bytes, static_cast<std::size_t>(n)) != HPE_OK) return false;
    if (!client.out.empty() && ::send(client.fd, client.out.data(), client.out.size(), MSG_NOSIGNAL) !=
                                   static_cast<ssize_t>(client.out.size())) {
      return false;
    }
    client.out.clear();
    if (n < static_cast<ssize_t>(sizeof bytes)) return true;  // further bytes are a new event
  }
}

int listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, where, size) != 0 || ::listen(listener, 1024) != 0 ||
      ::getsockname(listener, where, &size) != 0) {
    std::perror("epoll_service");
    std::exit(1);
  }
  std::printf("ready public=http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

}  // namespace

int main() {
  const llhttp_settings_t settings = callbacks();
  const int listener = listen_on_loopback();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  epoll_event events[128];
  for (;;) {
    const int count = ::epoll_wait(epoll, events, 128, -1);
    for (int i = 0; i < count; ++i) {
      if (auto* const client = static_cast<Client*>(events[i].data.ptr)) {
        if (serve(*client)) continue;
        ::close(client->fd);
        delete client;
        continue;
      }
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto* const client = new Client{fd, {}, false, {}};
      llhttp_init(&client->parser, HTTP_REQUEST, &settings);
      client->parser.data = client;
      event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
      event.data.ptr = client;
      ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
  }
}
