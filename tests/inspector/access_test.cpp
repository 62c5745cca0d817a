// SPDX-License-Identifier: BSL-1.0
#include "inspector/access.hpp"

#include <gtest/gtest.h>

#include "http/message/target.hpp"
#include "tests/support/server_process.hpp"

namespace {

using support::HttpReply;
using support::RawClient;
using support::ServerProcess;

using inspector::Access;

const Access open_to_all({.realm = "leash-server"});
const Access guarded({.token = "s3cret", .realm = "leash-server"});

int refused(const Access& access, http::HeaderViews headers, http::Method method = http::Method::get,
            const char* host = "127.0.0.1:8081", const char* target = "/metrics") {
  http::Request request;
  request.method = method;
  request.headers = std::move(headers);
  request.headers.add("Host", host);
  request.target = target;
  request.path = http::split_target(target)->path;
  const auto response = access.refuse(request);
  return response ? response->status : 0;
}

TEST(Access, NeedsNoTokenWhenNoneIsSet) { EXPECT_EQ(refused(open_to_all, {}), 0); }

TEST(Access, RequiresExactToken) {
  EXPECT_EQ(refused(guarded, {{"authorization", "Bearer s3cret"}}), 0);
  EXPECT_EQ(refused(guarded, {{"Authorization", "bearer   s3cret"}}), 0) << "schemes have no case";
  EXPECT_EQ(refused(guarded, {}), 401);
  for (const char* value :
       {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "Bearer s3cret s3cret", "Bearer S3CRET",
        "Bearer s3creu", "Basic s3cret", "s3cret", "Bearers3cret", "Bearer s3crets3cret"}) {
    EXPECT_EQ(refused(guarded, {{"Authorization", value}}), 401) << value;
  }
  EXPECT_EQ(refused(guarded, {{"Authorization", "Bearer s3cret"}, {"Authorization", "Bearer s3cret"}}), 401)
      << "which one?";
}

TEST(Access, ServesTokenPageWithoutToken) {
  EXPECT_EQ(refused(guarded, {}, http::Method::get, "127.0.0.1", "/"), 0);
  EXPECT_EQ(refused(guarded, {}, http::Method::post, "127.0.0.1", "/"), 401);
}

TEST(Access, KeepsPagesOfOthersFromChangingAnything) {
  for (const auto method : {http::Method::post, http::Method::put, http::Method::delete_}) {
    EXPECT_EQ(refused(open_to_all, {}, method), 0);
    EXPECT_EQ(refused(open_to_all, {{"Origin", "http://127.0.0.1:8081"}}, method), 0);
    for (const char* origin : {"http://evil.example", "http://127.0.0.1:8080", "null", "127.0.0.1:8081"}) {
      EXPECT_EQ(refused(open_to_all, {{"Origin", origin}}, method), 403) << origin;
      EXPECT_EQ(refused(guarded, {{"Authorization", "Bearer s3cret"}, {"Origin", origin}}, method), 403)
          << origin;
    }
  }
}

TEST(Access, WithoutATokenKeepsPagesOfOthersFromReading) {
  for (const auto method : {http::Method::get, http::Method::head, http::Method::put}) {
    for (const char* site : {"same-origin", "same-site", "none"}) {
      EXPECT_EQ(refused(open_to_all, {{"Sec-Fetch-Site", site}}, method), 0) << site;
    }
    EXPECT_EQ(refused(open_to_all, {{"Sec-Fetch-Site", "cross-site"}}, method), 403);
    EXPECT_EQ(
        refused(guarded, {{"Authorization", "Bearer s3cret"}, {"Sec-Fetch-Site", "cross-site"}}, method), 0);
  }
  EXPECT_EQ(refused(open_to_all, {{"Sec-Fetch-Site", "cross-site"}}, http::Method::get, "127.0.0.1", "/"), 0)
      << "a link to the live page, which shows nothing by itself";
}

TEST(Access, WithoutTokenRequiresOwnHost) {
  const Access named({.names = {"leash", "tasks.leash"}});
  const Access on_a_file({.any_name = true});
  const auto get = [](const Access& access, const char* host) {
    return refused(access, {{"Authorization", "Bearer s3cret"}}, http::Method::get, host);
  };
  for (const char* host : {"127.0.0.1:8081", "[::1]:8081", "10.0.0.7:81", "localhost:8081", "LOCALHOST"}) {
    EXPECT_EQ(get(open_to_all, host), 0) << host;
  }
  for (const char* host : {"evil.example", "evil.example:8081", "127.0.0.1.evil.example",
                           "localhost.evil.example", "tasks.leash"}) {
    EXPECT_EQ(get(open_to_all, host), 403) << host;
    EXPECT_EQ(get(guarded, host), 0) << host << ": it has the token";
    EXPECT_EQ(get(on_a_file, host), 0) << host << ": no browser comes there";
  }
  EXPECT_EQ(get(named, "tasks.leash:8081"), 0);
  EXPECT_EQ(get(named, "leash.evil.example"), 403);
}

TEST(Access, GoesByTheTargetRatherThanByTheHostField) {
  EXPECT_EQ(refused(open_to_all, {}, http::Method::get, "127.0.0.1", "http://evil.example/metrics"), 403);
  EXPECT_EQ(refused(open_to_all, {}, http::Method::get, "evil.example", "http://127.0.0.1/metrics"), 0);
  EXPECT_EQ(refused(open_to_all, {{"Origin", "http://127.0.0.1:1"}}, http::Method::put, "127.0.0.1:1",
                    "http://127.0.0.1:2/mode"),
            403);
}

// --- of a running server ---

HttpReply ask(std::uint16_t port, std::string_view method, std::string_view target,
              std::string_view fields = {}, std::string_view body = {}) {
  RawClient client(port);
  client.send(std::string(method) + " " + std::string(target) +
              " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
              std::string(fields) + "\r\n" + std::string(body));
  return client.receive_reply();
}

struct AdminRoute {
  const char* method;
  const char* target;
  const char* body = "";
};
constexpr AdminRoute admin_routes[] = {
    {"GET", "/metrics"},     {"GET", "/mode"},        {"PUT", "/mode", R"({"mode":"leaky"})"},
    {"GET", "/debug/tasks"}, {"GET", "/debug/leaks"}, {"GET", "/debug/contexts"},
    {"POST", "/debug/reap"}};

TEST(AdminListener, RefusesRequestsWithoutItsToken) {
  const ServerProcess server({"--admin-token", "s3cret"});
  for (const AdminRoute& route : admin_routes) {
    const HttpReply reply = ask(server.admin_port(), route.method, route.target, {}, route.body);
    EXPECT_EQ(reply.status, 401) << route.target;
    EXPECT_NE(reply.head.find("WWW-Authenticate: Bearer realm=\"leash-server\"\r\n"), std::string::npos)
        << reply.head;
    EXPECT_NE(reply.head.find("application/problem+json"), std::string::npos) << reply.head;
    const HttpReply wrong =
        ask(server.admin_port(), route.method, route.target, "Authorization: Bearer secret\r\n", route.body);
    EXPECT_EQ(wrong.status, 401) << route.target;
    EXPECT_NE(wrong.head.find("error=\"invalid_token\""), std::string::npos) << wrong.head;
    EXPECT_EQ(wrong.body.find("s3cret"), std::string::npos);
    EXPECT_EQ(
        ask(server.admin_port(), route.method, route.target, "Authorization: Bearer s3cret\r\n", route.body)
            .status,
        200)
        << route.target;
  }
  EXPECT_EQ(ask(server.admin_port(), "GET", "/nowhere").status, 401) << "not even what there is";
  EXPECT_EQ(ask(server.admin_port(), "OPTIONS", "*").status, 401);
  EXPECT_EQ(server.get("/healthz").status, 200);
}

TEST(AdminListener, ServesItsRoutesExclusively) {
  const ServerProcess server;
  for (const AdminRoute& route : admin_routes) {
    EXPECT_EQ(ask(server.port(), route.method, route.target, {}, route.body).status, 404) << route.target;
  }
  EXPECT_TRUE(server.metric_becomes("leash_server_mode", "mode=\"leaky\"", 0));
}

TEST(AdminListener, WarnsIfReachableWithoutToken) {
  const auto log_of = [](std::vector<std::string> options) {
    ServerProcess server(std::move(options));
    EXPECT_EQ(server.stop(), 0);
    return server.log();
  };
  const std::string warning = "level=warn event=\"the admin listener can be reached from other hosts";
  EXPECT_NE(log_of({"--admin-host", "0.0.0.0"}).find(warning), std::string::npos);
  EXPECT_EQ(log_of({"--admin-host", "0.0.0.0", "--admin-token", "s3cret"}).find(warning), std::string::npos);
  EXPECT_EQ(log_of({}).find(warning), std::string::npos);
}

}  // namespace
