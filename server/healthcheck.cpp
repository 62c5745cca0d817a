// SPDX-License-Identifier: BSL-1.0
#include "server/healthcheck.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <cstdio>
#include <string>
#include <utility>

#include "client/client.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"

namespace server {
namespace {

using namespace std::chrono_literals;

// The URL under which this machine reaches a server with these options.
http::Url health_url(const Options& options) {
  http::Url url;
  url.host = options.host == "localhost" ? "127.0.0.1" : options.host;
  url.port = options.port;
  url.target = "/healthz";
  std::error_code not_numeric;
  const auto address = asio::ip::make_address(url.host, not_numeric);
  if (!not_numeric && address.is_unspecified()) url.host = address.is_v6() ? "::1" : "127.0.0.1";
  return url;
}

leash::Task<> ask(client::Client& http, leash::Context ctx, client::Request request,
                  leash::Result<client::Response>& answer) {
  answer = co_await http.call(ctx, std::move(request));
}

}  // namespace

int healthcheck(const Options& options) {
  const http::Url url = health_url(options);
  const std::string name = "http://" + url.authority() + url.target;
  leash::Result<client::Response> answer;
  {
    asio::io_context io{1};
    leash::Loop loop(io);
    client::Client http(loop);
    client::Request request(url);
    request.timeout = 2s;
    leash::go(loop.background(), ask(http, loop.background(), std::move(request), answer), "healthcheck");
    while (leash::live_tasks(loop) != 0) io.run_one();
  }
  if (answer && answer->status == 200) {
    std::printf("%s: alive\n", name.c_str());
    return 0;
  }
  const std::string problem = answer ? "status " + std::to_string(answer->status) : answer.error().message();
  std::fprintf(stderr, "leash-server: %s: %s\n", name.c_str(), problem.c_str());
  return 1;
}

}  // namespace server
