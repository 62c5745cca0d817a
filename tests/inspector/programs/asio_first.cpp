// SPDX-License-Identifier: BSL-1.0
// A program that includes Asio before any standard header. Without the definition of leash's target, its inlined functions
// would free memory in another way than the libraries get it; AddressSanitizer would report it.
#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <iostream>
#include <string>

#include "leash/go.hpp"
#include "leash/inspector.hpp"
#include "leash/loop.hpp"

namespace {

std::string ask(const std::string& url, const std::string& path) {
  const std::string authority = url.substr(url.find("//") + 2);
  const std::size_t colon = authority.rfind(':');
  asio::io_context io{1};
  asio::ip::tcp::socket socket(io);
  asio::connect(socket,
                asio::ip::tcp::resolver(io).resolve(authority.substr(0, colon), authority.substr(colon + 1)));
  asio::write(socket, asio::buffer("GET " + path + " HTTP/1.1\r\nHost: " + authority +
                                   "\r\nConnection: close\r\n\r\n"));
  std::string response;
  std::error_code end;
  asio::read(socket, asio::dynamic_buffer(response), end);
  return response;
}

}  // namespace

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::go(loop.background(), []() -> leash::Task<> { co_return; });
  if (!loop.run()) return 1;
  auto inspector = leash::Inspector::start({});
  if (!inspector) {
    std::cerr << inspector.error() << "\n";
    return 1;
  }
  for (const char* path : {"/", "/metrics", "/debug/tasks"}) {
    const std::string response = ask(inspector->url(), path);
    if (response.starts_with("HTTP/1.1 200 ")) continue;
    std::cerr << path << ": " << response << "\n";
    return 1;
  }
}
