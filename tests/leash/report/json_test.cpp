// SPDX-License-Identifier: BSL-1.0
#include "leash/json.hpp"

#include <string>

#include "leash/channel.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

class JsonTest : public testing::LoopFixture {};

Task<> wait_for_reply(Channel<int> ch) { (void)co_await ch.receive(); }

TEST_F(JsonTest, ADumpIsWrittenAsDocumented) {
  Channel<int> ch;
  {
    auto [ctx, cancel] = with_cancel(root(), Label("request", 918, Role::request));
    for (int n = 0; n < 2; ++n) go(ctx, wait_for_reply(ch), "worker");
    poll();
    cancel(errc::disconnected);
  }
  advance(3s);
  auto json = to_json(take_dump(loop, {.filter = {}, .full = true}));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["live"], 2);
  EXPECT_EQ(json["matched"], 2);
  ASSERT_EQ(json["tasks"].size(), 2u);
  auto& entry = json["tasks"][0];
  EXPECT_EQ(entry["key"].get<std::string>().size(), 16u);
  EXPECT_EQ(entry["key"], json["tasks"][1]["key"]) << "equal stacks";
  EXPECT_TRUE(entry["bytes"].is_number_unsigned());
  EXPECT_EQ(entry["bytes"], entry["example"]["bytes"]);
  const auto is_here = [](const nlohmann::ordered_json& place) {
    return place.get<std::string>().starts_with("tests/leash/report/json_test.cpp:");
  };
  EXPECT_TRUE(is_here(entry["site"]));
  EXPECT_TRUE(is_here(entry["waits_at"]));
  EXPECT_TRUE(is_here(entry["example"]["frames"][0]["at"]));
  // Values that differ between compilers are only checked. The rest must be as documented, in this order.
  for (const char* checked : {"key", "site", "function", "waits_at", "bytes"}) entry.erase(checked);
  entry["example"].erase("bytes");
  entry["example"]["frames"][0].erase("at");
  EXPECT_EQ(
      entry.dump(),
      R"({"name":"worker","role":"request","state":"leaked","wait":"chan receive",)"
      R"("uncancellable":false,"stranded":false,"running":false,"count":1,"oldest_age_seconds":3.0,"heap_bytes":null,)"
      R"("example":{"id":1,"loop":"loop","owner":"request 918","owner_done_seconds":3.0,)"
      R"("owner_cause":"client disconnected","trace":"","waits_seconds":3.0,"heap_bytes":null,"frames":[{"function":"wait_for_reply"}],"frames_left_out":0}})");
  ch.close();
}

TEST_F(JsonTest, WritesMissingValuesAsNull) {
  Channel<int> ch;
  go(root(), wait_for_reply(ch));
  const auto entry = to_json(take_dump(loop))["tasks"][0];
  EXPECT_EQ(entry["waits_at"], entry["example"]["frames"][0]["at"]);
  EXPECT_TRUE(entry["example"]["owner_done_seconds"].is_null());
  EXPECT_EQ(entry["name"], "");
  EXPECT_EQ(entry["state"], "detached");
  ch.close();
}

TEST_F(JsonTest, ContextsAreWrittenAsDocumented) {
  const Cancelable timed = with_timeout(root(), 2s, {}, Label("request", 7));
  auto json = to_json(live_contexts(loop));
  auto& group = json["contexts"][0];
  EXPECT_TRUE(group["site"].get<std::string>().starts_with("tests/leash/report/json_test.cpp:"));
  group.erase("site");
  group.erase("function");
  EXPECT_EQ(json.dump(),
            R"({"schema":1,"live":1,"held":0,"outlived":0,"complete":true,"contexts":[{"label":"request",)"
            R"("count":1,"armed":1,"nearest_deadline_seconds":2.0,)"
            R"("farthest_deadline_seconds":2.0,"outlived":0,"owner":"",)"
            R"("owner_done_seconds":null,"owner_cause":""}],"held_contexts":[]})");
}

TEST_F(JsonTest, MakesProgramTextValidUtf8) {
  Channel<int> ch;
  const auto [ctx, cancel] = with_cancel(root(), Label("caf\xe9", 1));
  go(ctx, wait_for_reply(ch), "GET /\xff\n\x1b[2J");
  poll();
  const std::string text = to_json(take_dump(loop, {.filter = {}, .full = true})).dump();
  EXPECT_NE(text.find(R"("name":"GET /)"
                      "\xef\xbf\xbd"
                      R"(\n\u001b[2J")"),
            std::string::npos)
      << text;
  EXPECT_NO_THROW((void)to_json(live_contexts(loop)).dump());
  ch.close();
}

}  // namespace
}  // namespace leash
