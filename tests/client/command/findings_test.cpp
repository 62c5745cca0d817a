// SPDX-License-Identifier: BSL-1.0
#include "client/command/findings.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/loop_fixture.hpp"
#include "tests/support/stub_http_server.hpp"

namespace client {
namespace {

using namespace std::chrono_literals;
using Found = std::expected<Findings, AdminFailure>;

class FindingsTest : public leash::testing::LoopFixture {
 protected:
  Found find(const TaskFilter& filter = {}, Sought kinds = {}) {
    leash::Cancelable serving = leash::with_cancel(root());
    leash::go(serving.ctx, inspector.run(serving.ctx));
    AdminOptions options;
    options.url = inspector.url("");
    options.timeout = 5s;
    std::optional<Found> found;
    start(
        [](leash::Context ctx, leash::Loop& here, AdminOptions admin_options, TaskFilter of, Sought sought,
           std::optional<Found>& to) -> leash::Task<> {
          Admin admin(here, admin_options);
          auto result = co_await find_leaks(ctx, admin, admin_options, of, sought);
          to = std::move(result);
        },
        loop, options, filter, kinds, found);
    EXPECT_TRUE(eventually([&] { return found.has_value(); }));
    serving.cancel();
    EXPECT_TRUE(eventually([&] { return leash::live_tasks(loop) == 0; }));
    return found.value_or(Findings());
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> targets;
    for (const support::StubRequest& request : inspector.requests()) targets.push_back(request.target);
    return targets;
  }

  std::map<std::string, std::string> answers{
      // by the beginning of the target
      {"/debug/tasks", R"({"tasks":[{"count":2,"state":"detached","stranded":true},
                                    {"count":5,"state":"leaked","stranded":true},
                                    {"count":7,"state":"owned","stranded":false}, 3]})"},
      {"/debug/contexts", R"({"outlived":9,"contexts":[{"count":4,"outlived":1},{"outlived":2}]})"},
      {"/debug/coroutines?format=json&state=leaked", R"({"live":40,"matched":1})"},
      {"/debug/coroutines?format=json&state=stray", R"({"live":40,"matched":4})"}};
  support::StubHttpServer inspector{loop, [this](const support::StubRequest& request) {
                                      for (const auto& [target, body] : answers) {
                                        if (request.target.starts_with(target)) return support::text(body);
                                      }
                                      return support::text("{}", 404);
                                    }};
};

TEST_F(FindingsTest, CountsEachKindOfLeak) {
  const Found found = find();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->any());
  Sought with_stray;
  with_stray.stray_coroutines = true;
  EXPECT_EQ(to_text(*found), "5 tasks leaked, 2 tasks stranded, 3 contexts outlived, 1 coroutine leaked");
  EXPECT_EQ(to_text(*find({}, with_stray)),
            "5 tasks leaked, 2 tasks stranded, 3 contexts outlived, 1 coroutine leaked, 4 coroutines stray");
}

TEST_F(FindingsTest, FindsNothingWhereNothingHasLeaked) {
  answers = {{"/debug/", R"({"tasks":[],"outlived":0,"matched":0})"}};
  Sought with_stray;
  with_stray.stray_coroutines = true;
  const Found found = find({}, with_stray);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->any());
}

TEST_F(FindingsTest, AppliesFilter) {
  answers = {{"/debug/", R"({"tasks":[],"outlived":0,"matched":0})"}};
  TaskFilter filter;
  filter.site = "a.cpp";
  filter.state = "owned";
  filter.limit = 5;
  EXPECT_TRUE(find(filter));
  EXPECT_EQ(asked(), (std::vector<std::string>{"/debug/tasks?site=a.cpp&limit=10000&format=json",
                                               "/debug/contexts?site=a.cpp&format=json&state=outlived",
                                               "/debug/coroutines?site=a.cpp&format=json&state=leaked"}));
}

TEST_F(FindingsTest, AsksForSoughtKindsOnly) {
  Sought sought;
  sought.tasks = sought.coroutines = false;
  const Found found = find({}, sought);
  ASSERT_TRUE(found);
  EXPECT_EQ(to_text(*found), "3 contexts outlived");
  EXPECT_EQ(asked(), (std::vector<std::string>{"/debug/contexts?format=json&state=outlived"}));
}

TEST_F(FindingsTest, ExplainsFailure) {
  answers["/debug/contexts"] = "[]";
  const Found found = find();
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().what.find("the response is not that of an inspector"), std::string::npos);
}

}  // namespace
}  // namespace client
