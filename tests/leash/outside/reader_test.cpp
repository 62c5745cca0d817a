// SPDX-License-Identifier: BSL-1.0
#include "leash/src/outside/reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <bit>
#include <cstring>
#include <functional>
#include <string>

#include "leash/channel.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/scope.hpp"
#include "leash/stranded.hpp"
#include "leash/trace.hpp"
#include "tests/leash/outside/patched_memory.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using namespace outside;

Task<> wait_on(Channel<int> ch) { (void)co_await ch.receive(); }
Task<> wait_under(Channel<int> ch) { co_await wait_on(ch); }
Task<> join_two(Context ctx, Channel<int> ch) {
  Scope scope(ctx);
  scope.go(wait_on(ch), "first");
  scope.go(wait_under(ch), "second");
  (void)co_await scope.join();
}

class ReaderTest : public testing::LoopFixture {
 protected:
  Dump read(const DumpOptions& options = {}) {
    CachedMemory memory(patched);
    auto reader = Reader::open(memory, address_of(&leash_outside_layout));
    if (!reader) {
      ADD_FAILURE() << reader.error();
      return {};
    }
    Dump dump = reader->dump(options);
    remarks = reader->remarks();
    return dump;
  }
  std::string refusal() {
    CachedMemory memory(patched);
    auto reader = Reader::open(memory, address_of(&leash_outside_layout));
    return reader ? "" : reader.error();
  }
  void expect_same(const Dump& outside, const Dump& inside) {
    EXPECT_EQ(outside.live, inside.live);
    EXPECT_EQ(outside.matched, inside.matched);
    ASSERT_EQ(outside.entries.size(), inside.entries.size()) << to_text(outside);
    for (const TaskGroup& expected : inside.entries) {
      const auto is_it = [&](const TaskGroup& entry) { return entry.key() == expected.key(); };
      const auto found = std::ranges::find_if(outside.entries, is_it);
      ASSERT_NE(found, outside.entries.end()) << expected.key();
      EXPECT_EQ(found->count, expected.count);
      EXPECT_EQ(found->frame_bytes, expected.frame_bytes);
      const TaskInfo& task = found->oldest;
      EXPECT_EQ(task.id, expected.oldest.id);
      EXPECT_EQ(task.name, expected.oldest.name);
      EXPECT_EQ(task.loop, expected.oldest.loop);
      EXPECT_EQ(task.site, expected.oldest.site);
      EXPECT_EQ(task.role, expected.oldest.role);
      EXPECT_EQ(task.owner, expected.oldest.owner);
      EXPECT_EQ(task.owner_cause, expected.oldest.owner_cause);
      EXPECT_EQ(task.owner_done_for.has_value(), expected.oldest.owner_done_for.has_value());
      EXPECT_EQ(task.trace, expected.oldest.trace);
      EXPECT_EQ(task.frames, expected.oldest.frames);
      EXPECT_EQ(task.frames_left_out, expected.oldest.frames_left_out);
    }
  }
  void TearDown() override {
    ch.close();
    LoopFixture::TearDown();
  }

  Channel<int> ch;
  PatchedMemory patched;
  std::vector<std::string> remarks;
};

TEST_F(ReaderTest, AgreesWithDump) {
  Trace trace;
  trace.high = 0x4bf92f3577b34da6;
  trace.low = 7;
  auto [request, cancel] = with_cancel(with_value<Trace>(root(), trace), {"request", 918, Role::request});
  go(request, join_two(request, ch), "a handler");
  go(without_cancel(request), wait_under(ch));
  go(root(), wait_on(ch), "waiter");
  go(root(), wait_on(ch), "waiter");
  poll();
  expect_same(read(), take_dump(loop));
  EXPECT_EQ(remarks, std::vector<std::string>());

  cancel(make_error_code(errc::disconnected));
  advance(500ms);
  expect_same(read(), take_dump(loop));
  advance(5s);
  expect_same(read(), take_dump(loop));

  for (const TaskState state :
       {TaskState::leaked, TaskState::orphan, TaskState::detached, TaskState::owned}) {
    DumpOptions options;
    options.filter.state = state;
    expect_same(read(options), take_dump(loop, options));
  }
  DumpOptions by_site;
  by_site.filter.site = "reader_test.cpp";
  by_site.filter.name = "waiter";
  expect_same(read(by_site), take_dump(loop, by_site));
  by_site.filter.site = "another_test.cpp";
  EXPECT_EQ(read(by_site).matched, 0u);
  DumpOptions full;
  full.full = true;
  full.filter.limit = 3;
  expect_same(read(full), take_dump(loop, full));
}

Task<> descend(Channel<int> ch, int depth) {
  if (depth == 0) {
    (void)co_await ch.receive();
  } else {
    co_await descend(ch, depth - 1);
  }
}

TEST_F(ReaderTest, OmitsSameFramesAsDump) {
  for (const int depth : {98, 99, 100, 101, 149, 150, 333}) go(root(), descend(ch, depth));
  poll();
  expect_same(read(), take_dump(loop));
}

TEST_F(ReaderTest, KnowsStrandedTasks) {
  go(root(), wait_on(Channel<int>()));
  go(root(), wait_on(ch));
  poll();
  EXPECT_TRUE(find_stranded(loop));
  const Dump dump = read();
  expect_same(dump, take_dump(loop));
  EXPECT_EQ(std::ranges::count_if(dump.entries, [](const TaskGroup& entry) { return entry.oldest.stranded; }),
            1);
  keep_leaks();  // nothing can end the first one
}

Task<> look_at_itself(std::function<void()> look) {
  look();
  co_return;
}

TEST_F(ReaderTest, KnowsRunningTask) {
  go(root(), look_at_itself([this] {
       const Dump dump = read();
       expect_same(dump, take_dump(loop));
       EXPECT_TRUE(dump.entries.at(0).oldest.running);
       EXPECT_TRUE(to_text(dump).find("\ntask 1 [running in loop \"loop\"] detached, ") != std::string::npos)
           << to_text(dump);
     }));
  go(root(), wait_on(ch));
  poll();
}

TEST_F(ReaderTest, EmptyLoopHasNoTasks) {
  const Dump dump = read();
  EXPECT_EQ(dump.live, 0u);
  EXPECT_TRUE(dump.entries.empty());
}

TEST_F(ReaderTest, NamesAnotherVersion) {
  patched.patch(address_of(&leash_outside_layout.version), layout_version + 1);
  patched.patch(address_of(&leash_outside_layout.library), std::array<char, 6>{'9', '.', '8', '.', '7', 0});
  EXPECT_EQ(
      refusal(),
      "the process has leash 9.8.7 with tables of another version (3, and this program reads 2): use the "
      "leash-client of that release");
}

TEST_F(ReaderTest, SaysWhenThereIsNoLoopYet) {
  patched.patch(address_of(&leash_outside_layout.magic), std::array<char, 8>{});
  EXPECT_EQ(refusal(), "this program contains leash, but has not created a leash::Loop yet");
}

TEST_F(ReaderTest, RefusesADamagedTable) {
  patched.patch(address_of(&leash_outside_layout.magic), 'x');
  EXPECT_EQ(refusal(), "the data found in place of leash's table is something else");
  patched.patch(address_of(&leash_outside_layout.magic), 'l');
  patched.patch(address_of(&leash_outside_layout.task.size), 0u);
  EXPECT_EQ(refusal(), "leash's table is damaged");
  CachedMemory memory(patched);
  const auto nowhere = Reader::open(memory, 64);
  EXPECT_EQ(nowhere.error(), "leash's table is not in the available memory");
}

TEST_F(ReaderTest, EndsInACircleOfTasks) {
  for (int i = 0; i < 5; ++i) go(root(), wait_on(ch), "waiter");
  poll();
  std::vector<std::uint64_t> hooks;
  loop.state().each_task([&](const detail::TaskRecord& task) {
    hooks.push_back(address_of(static_cast<const detail::Hook<detail::TaskRecord>*>(&task)));
  });
  patched.patch(hooks[3] + leash_outside_layout.list.next, hooks[1]);
  EXPECT_EQ(read().live, 4u) << "those before the circle closes";
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_NE(remarks[0].find("kept changing, or is damaged"), std::string::npos) << remarks[0];
}

TEST_F(ReaderTest, RemarksEscapeNameOfLoop) {
  asio::io_context other_io{1};
  Loop other{other_io, {.name = "a\nb"}};
  for (int i = 0; i < 2; ++i) go(other.background(), wait_on(ch));
  std::uint64_t first = 0;
  other.state().each_task([&](const detail::TaskRecord& task) {
    if (first == 0) first = address_of(static_cast<const detail::Hook<detail::TaskRecord>*>(&task));
  });
  patched.patch(first + leash_outside_layout.list.next, first);
  (void)read();
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_TRUE(remarks[0].starts_with("loop \"a\\nb\": a list of tasks ")) << remarks[0];
  ch.close();
  other_io.poll();
}

TEST_F(ReaderTest, EndsInACircleOfFrames) {
  go(root(), wait_under(ch));
  poll();
  loop.state().each_task([&](const detail::TaskRecord& task) {
    patched.patch(address_of(task.innermost->parent) + leash_outside_layout.frame.parent,
                  address_of(task.innermost));
  });
  const Dump dump = read();
  ASSERT_EQ(dump.entries.size(), 1u);
  EXPECT_EQ(dump.entries[0].oldest.frames.size(), 100u);
  EXPECT_EQ(dump.entries[0].oldest.frames_left_out, 9'900u);
}

TEST_F(ReaderTest, ContinuesAfterInvalidAddress) {
  go(root(), wait_on(ch), "waiter");
  poll();
  loop.state().each_task([&](const detail::TaskRecord& task) {
    patched.patch(address_of(&task) + leash_outside_layout.task.extra, std::uint64_t{64});
    patched.patch(address_of(&task) + leash_outside_layout.task.owner, std::uint64_t{64});
    patched.patch(address_of(&task) + leash_outside_layout.task.site, std::uint16_t{65535});
    patched.patch(address_of(task.innermost) + leash_outside_layout.frame.where, std::uint64_t{64});
  });
  const Dump dump = read();
  ASSERT_EQ(dump.entries.size(), 1u);
  EXPECT_EQ(dump.entries[0].oldest.name, "(unreadable text)");
  EXPECT_EQ(dump.entries[0].oldest.site.file, "(unreadable place)");
  EXPECT_EQ(dump.entries[0].oldest.frames.at(0).function, "(unreadable place)");
}

}  // namespace
}  // namespace leash
