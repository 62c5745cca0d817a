// SPDX-License-Identifier: BSL-1.0
#include "loadgen/exporter.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/message/target.hpp"
#include "tests/support/client_bench.hpp"

namespace {

using loadgen::Exporter;

using Body = std::function<leash::Task<>(Bench&, http::Url)>;

// With an exporter that serves "figure 1", then "figure 2", and so on.
void with_exporter(const Body& body) {
  Bench::run([](const support::StubRequest&) { return support::text(""); },
             [&](Bench& b) -> leash::Task<> {
               auto exporter = Exporter::open(b.loop.io(), "127.0.0.1", 0);
               if (!exporter) {
                 ADD_FAILURE() << exporter.error();
                 co_return;
               }
               http::Url url = *http::parse_url(exporter->url());
               int scrapes = 0;
               Exporter::Render render = [&scrapes] { return "figure " + std::to_string(++scrapes) + "\n"; };
               leash::Scope serving(b.ctx);
               serving.go(Exporter::run(std::move(*exporter), b.loop, serving.ctx(), std::move(render)),
                          "exporter");
               co_await body(b, url);
               serving.cancel();
               (void)co_await serving.join();
             });
}

TEST(Exporter, ServesTheTextOfNow) {
  with_exporter([](Bench& b, http::Url url) -> leash::Task<> {
    EXPECT_EQ(url.target, "/metrics");
    for (const auto* wanted : {"figure 1\n", "figure 2\n"}) {
      client::Request request(url);
      auto response = co_await b.http.call(b.ctx, std::move(request));
      if (!response) {
        ADD_FAILURE() << response.error().message();
        co_return;
      }
      EXPECT_EQ(response->status, 200);
      EXPECT_EQ(response->body, wanted);
      EXPECT_EQ(response->headers.find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    }
    EXPECT_EQ(b.http.idle_connections(), 1u) << "the same connection";
    b.http.close_idle();
  });
}

TEST(Exporter, ServesOnlyMetrics) {
  with_exporter([](Bench& b, http::Url url) -> leash::Task<> {
    client::Request post(url, "POST");
    auto refused = co_await b.http.call(b.ctx, std::move(post));
    EXPECT_TRUE(refused && refused->status == 405);
    EXPECT_TRUE(refused && refused->headers.find("Allow") == "GET, HEAD");
    client::Request head(url, "HEAD");
    auto without_body = co_await b.http.call(b.ctx, std::move(head));
    EXPECT_TRUE(without_body && without_body->status == 200 && without_body->body.empty());
    url.target = "/";
    client::Request root(url);
    auto nothing = co_await b.http.call(b.ctx, std::move(root));
    EXPECT_TRUE(nothing && nothing->status == 404);
    b.http.close_idle();
  });
}

TEST(Exporter, AnswersBadRequestAndCloses) {
  with_exporter([](Bench& b, http::Url url) -> leash::Task<> {
    client::Connection connection(b.loop.io());
    const client::Origin origin(url);
    auto done = co_await connection.connect(b.ctx, origin);
    if (done) done = co_await connection.send(b.ctx, "GET /metrics HTTP/1.1\r\n\r\n");  // no Host
    if (done) done = co_await connection.receive(b.ctx, http::RequestKind::other, nullptr);
    EXPECT_TRUE(done);
    EXPECT_EQ(connection.head().status, 400);
    EXPECT_FALSE(connection.is_open());
  });
}

TEST(Exporter, ReportsUnusableAddressInOneLine) {
  asio::io_context io{1};
  const auto first = Exporter::open(io, "127.0.0.1", 0);
  ASSERT_TRUE(first);
  const auto port = http::parse_url(first->url())->port;
  const auto second = Exporter::open(io, "127.0.0.1", port);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(),
            "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
  EXPECT_EQ(Exporter::open(io, "nowhere", 0).error(), "cannot listen on 'nowhere': use an IP address");
}

}  // namespace
