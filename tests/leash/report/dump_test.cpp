// SPDX-License-Identifier: BSL-1.0
#include "leash/dump.hpp"

#include <optional>
#include <string>

#include "leash/channel.hpp"
#include "leash/scope.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

Task<> wait_on(Channel<int> ch) { (void)co_await ch.receive(); }
Task<> wait_under(Channel<int> ch) { co_await wait_on(ch); }

class DumpTest : public testing::LoopFixture {
 protected:
  void start_waiting(Context ctx, int count) {
    for (int i = 0; i < count; ++i) go(ctx, wait_on(ch), "waiter");
    poll();
  }
  void TearDown() override {
    ch.close();
    LoopFixture::TearDown();
  }
  Channel<int> ch;
};

TEST_F(DumpTest, GroupsTasksWithTheSameStackTheLargestGroupFirst) {
  go(root(), wait_under(ch), "below");
  advance(1s);
  start_waiting(root(), 3);
  const Dump dump = take_dump(loop);
  EXPECT_EQ(dump.live, 4u);
  EXPECT_EQ(dump.matched, 4u);
  ASSERT_EQ(dump.entries.size(), 2u);
  EXPECT_EQ(dump.entries[0].count, 3u);
  EXPECT_EQ(dump.entries[0].oldest.name, "waiter");
  EXPECT_EQ(dump.entries[0].oldest.frames.size(), 1u);
  EXPECT_EQ(dump.entries[1].count, 1u);
  ASSERT_EQ(dump.entries[1].oldest.frames.size(), 2u);
  EXPECT_EQ(dump.entries[1].oldest.frames[0].function, "wait_on");
  EXPECT_EQ(dump.entries[1].oldest.frames[1].function, "wait_under");
  EXPECT_GT(dump.entries[0].frame_bytes, 3 * dump.entries[0].oldest.frame_bytes - 1);
}

TEST_F(DumpTest, TheExampleOfAGroupIsItsOldestTask) {
  start_waiting(root(), 1);
  const std::uint64_t oldest = snapshot(loop).front().id;
  advance(1s);
  start_waiting(root(), 2);
  EXPECT_EQ(take_dump(loop).entries.at(0).oldest.id, oldest);
  EXPECT_EQ(take_dump(loop).entries.at(0).oldest.age, 1s);
}

TEST_F(DumpTest, AGroupAddsUpTheWaitsOfItsTasks) {
  start_waiting(root(), 1);
  advance(1s);
  start_waiting(root(), 2);
  advance(1s);
  const Dump dump = take_dump(loop);
  EXPECT_EQ(dump.entries.at(0).waiting, 4s);
  EXPECT_EQ(merge({dump, dump}, {}).entries.at(0).waiting, 8s);
  EXPECT_EQ(group(snapshot(loop)).at(0).waiting, 4s);
  DumpOptions each;
  each.full = true;
  EXPECT_EQ(take_dump(loop, each).entries.at(0).waiting, 2s);
}

TEST_F(DumpTest, TaskWithDifferentStateFormsOwnGroup) {
  auto [ctx, cancel] = with_cancel(root());
  start_waiting(root(), 1);
  go(ctx, wait_on(ch), "waiter");
  poll();
  cancel();
  advance(1s);
  DumpOptions leaked;
  leaked.filter.state = TaskState::leaked;
  const Dump dump = take_dump(loop, leaked);
  EXPECT_EQ(dump.live, 2u);
  EXPECT_EQ(dump.matched, 1u);
  ASSERT_EQ(dump.entries.size(), 1u);
  EXPECT_EQ(dump.entries[0].oldest.state, TaskState::leaked);
  leaked.filter.state = TaskState::orphan;
  EXPECT_EQ(take_dump(loop, leaked).matched, 1u) << "a leaked task is an orphan, too";
}

TEST_F(DumpTest, FullDumpHasEntryPerTaskOldestFirst) {
  start_waiting(root(), 3);
  DumpOptions options;
  options.full = true;
  const Dump dump = take_dump(loop, options);
  ASSERT_EQ(dump.entries.size(), 3u);
  EXPECT_LT(dump.entries[0].oldest.id, dump.entries[2].oldest.id);
  EXPECT_EQ(dump.entries[0].count, 1u);
}

TEST_F(DumpTest, LimitAppliesToEntriesNotToCounts) {
  go(root(), wait_under(ch));
  start_waiting(root(), 5);
  DumpOptions options;
  options.filter.limit = 1;
  const Dump dump = take_dump(loop, options);
  EXPECT_EQ(dump.matched, 6u);
  ASSERT_EQ(dump.entries.size(), 1u);
  EXPECT_EQ(dump.entries[0].count, 5u);
}

TEST_F(DumpTest, FullDumpListsOldestOfAllSitesByStart) {
  for (int i = 0; i < 3; ++i) {  // two sites, by turns
    go(root(), wait_on(ch), "first " + std::to_string(i));
    advance(1s);
    go(root(), wait_on(ch), "second " + std::to_string(i));
    advance(1s);
  }
  DumpOptions options;
  options.full = true;
  options.filter.limit = 4;
  options.slice = 0s;
  std::string names;
  take_dump(loop, options, [&](Dump dump) {
    EXPECT_EQ(dump.matched, 6u);
    for (const TaskGroup& entry : dump.entries) {
      EXPECT_EQ(entry.count, 1u);
      EXPECT_EQ(entry.frame_bytes, entry.oldest.frame_bytes);
      names += entry.oldest.name + ", ";
    }
  });
  poll();
  EXPECT_EQ(names, "first 0, second 0, first 1, second 1, ");
}

TEST_F(DumpTest, CompletesLaterInOneLongSlice) {
  start_waiting(root(), 200);
  std::optional<Dump> dump;
  DumpOptions options;
  options.slice = Duration::max();
  take_dump(loop, options, [&](Dump taken) { dump = std::move(taken); });
  go(root(), wait_on(ch), "too late");
  EXPECT_FALSE(dump) << "never inside the call";
  if (io.stopped()) io.restart();
  EXPECT_EQ(io.run_one(), 1u);
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->matched, 200u);
}

TEST_F(DumpTest, SortingIsSlicedToo) {
  constexpr std::size_t count = 2000;
  for (std::size_t i = 0; i < count; ++i) go(root(), wait_on(ch), "waiter");
  poll();
  std::optional<Dump> dump;
  DumpOptions options;
  options.full = true;
  options.slice = 0s;
  take_dump(loop, options, [&](Dump taken) { dump = std::move(taken); });
  if (io.stopped()) io.restart();
  std::size_t slices = 0;
  while (!dump && slices < 10 * count) slices += io.run_one();
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->entries.size(), count);
  EXPECT_GE(slices, 2 * count / 40) << "each has some thirty tasks or entries";
}

Task<> wait_far_down(Channel<int> on, int frames) {
  if (frames > 1) {
    co_await wait_far_down(on, frames - 1);
  } else {
    (void)co_await on.receive();
  }
}

TEST_F(DumpTest, AnEntryIsBoundedInFrames) {
  constexpr int depth = 20'000;
  for (const int frames : {depth, depth, depth + 1}) go(root(), wait_far_down(ch, frames), "deep");
  poll();
  const Dump dump = take_dump(loop);
  ASSERT_EQ(dump.entries.size(), 2u) << "another depth is another stack";
  const TaskInfo& task = dump.entries[0].oldest;
  EXPECT_EQ(dump.entries[0].count, 2u);
  EXPECT_EQ(task.frames.size(), TaskInfo::max_frames);
  EXPECT_EQ(task.frames_left_out, depth - TaskInfo::max_frames);
  EXPECT_NE(task.frames[0].line, task.frames[1].line) << "the innermost one waits for the channel";
  const std::string text = to_text(dump);
  EXPECT_LT(text.size(), 30'000u);
  EXPECT_NE(text.find("    ... 19900 more ...\n"), std::string::npos);
}

Task<> wait_below(Channel<int> on, int frames) { co_await wait_far_down(on, frames); }

TEST_F(DumpTest, TheFramesBesideThoseLeftOutAreInTheirOrder) {
  go(root(), wait_below(ch, 120));
  poll();
  const std::vector<Frame> frames = take_dump(loop).entries.at(0).oldest.frames;
  ASSERT_EQ(frames.size(), TaskInfo::max_frames);
  EXPECT_NE(frames[0], frames[1]) << "the innermost one waits for the channel";
  for (std::size_t i = 2; i < frames.size() - 1; ++i) EXPECT_EQ(frames[i], frames[1]) << i;
  EXPECT_EQ(frames.back().function, "wait_below");
}

// They are compared with the task before them, of which one is a part of the other here.
TEST_F(DumpTest, TasksOfOneSiteAreInTheGroupsInWhichEachWouldBeAlone) {
  auto [ctx, cancel] = with_cancel(root());
  for (const int frames : {2, 1, 1, 2, 3, 1, 101, 101, 100, 101, 2, 2}) {
    go(frames == 3 ? ctx : root(), wait_far_down(ch, frames));
    if (frames == 3) cancel();
    poll();
    advance(1s);
  }
  const Dump dump = take_dump(loop);
  const std::vector<TaskGroup> expected = group(snapshot(loop));
  ASSERT_EQ(dump.entries.size(), 5u);
  ASSERT_EQ(expected.size(), 5u);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(dump.entries[i].key(), expected[i].key());
    EXPECT_EQ(dump.entries[i].count, expected[i].count);
    EXPECT_EQ(dump.entries[i].oldest.id, expected[i].oldest.id);
    EXPECT_EQ(dump.entries[i].waiting, expected[i].waiting);
    EXPECT_EQ(dump.entries[i].frame_bytes, expected[i].frame_bytes);
  }
}

TEST_F(DumpTest, UpToTheBoundAllFramesAreThere) {
  go(root(), wait_far_down(ch, 100));
  poll();
  const TaskInfo task = take_dump(loop).entries.at(0).oldest;
  EXPECT_EQ(task.frames.size(), 100u);
  EXPECT_EQ(task.frames_left_out, 0u);
  EXPECT_EQ(to_text(task).find("more ..."), std::string::npos);
}

TEST_F(DumpTest, EscapesProgramTextResemblingEntries) {
  auto [ctx, cancel] = with_cancel(root(), Label("request\n\ntask 8 [sleep] \x1b[2J", 3));
  go(ctx, wait_on(ch),
     "GET /x\" owned, 0 B of frames\n\ntask 999 [chan send, 9.9h] \"payments\" leaked\n\x1b[2J");
  poll();
  cancel();
  const std::string text = to_text(take_dump(loop));
  EXPECT_EQ(text.find("\ntask 999"), std::string::npos);
  EXPECT_EQ(text.find("\ntask 8"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(
      text.find(
          R"("GET /x\" owned, 0 B of frames\n\ntask 999 [chan send, 9.9h] \"payments\" leaked\n\x1b[2J")"),
      std::string::npos)
      << text;
}

TEST_F(DumpTest, IsTakenInSlicesWhileTasksStartAndEnd) {
  start_waiting(root(), 200);
  std::optional<Dump> dump;
  DumpOptions options;
  options.slice = 0s;  // the shortest one there is: each look at the clock ends a turn
  take_dump(loop, options, [&](Dump taken) { dump = std::move(taken); });
  if (io.stopped()) io.restart();
  (void)io.run_one();
  EXPECT_FALSE(dump) << "200 tasks are more than one slice";
  // All tasks that it has not visited end, and as many start. It visits neither.
  ch.close();
  Channel<int> other;
  for (int i = 0; i < 50; ++i) go(root(), wait_on(other));
  poll();
  ASSERT_TRUE(dump);
  EXPECT_LT(dump->matched, 200u);
  EXPECT_GT(dump->matched, 0u);
  EXPECT_EQ(dump->live, 50u);
  other.close();
}

TEST_F(DumpTest, OfSeveralLoopsIsOne) {
  start_waiting(root(), 3);
  asio::io_context second_io{1};
  Loop second{second_io};
  Channel<int> ch2;
  go(second.background(), wait_under(ch2));
  for (int i = 0; i < 2; ++i) go(second.background(), wait_on(ch2), "waiter");
  second_io.poll();
  std::vector<Dump> both;
  both.push_back(take_dump(loop));
  both.push_back(take_dump(second));
  const Dump merged = merge(std::move(both), {});
  EXPECT_EQ(merged.live, 6u);
  ASSERT_EQ(merged.entries.size(), 3u) << "started at two places of this file";
  EXPECT_EQ(merged.entries[0].count, 3u);
  ch2.close();
  second_io.restart();
  second_io.poll();
}

TEST(Dumps, MergeOldestFirstWhateverTheirIds) {
  const auto dump_of = [](std::uint64_t id, Duration age) {
    TaskGroup entry;
    entry.count = 1;
    entry.oldest.id = id;
    entry.oldest.age = age;
    Dump dump;
    dump.entries.push_back(entry);
    return dump;
  };
  DumpOptions full;
  full.full = true;
  const Dump all = merge({dump_of(1, 1s), dump_of(2, 2s)}, full);
  ASSERT_EQ(all.entries.size(), 2u);
  EXPECT_EQ(all.entries[0].oldest.id, 2u);
}

TEST_F(DumpTest, TheTextSaysHowManyOfHowMany) {
  start_waiting(root(), 2);
  const std::string text = to_text(take_dump(loop));
  EXPECT_TRUE(text.starts_with("2 of 2 tasks\n\n2 tasks like this one, the oldest; ")) << text;
  EXPECT_NE(text.find("\"waiter\""), std::string::npos);
}

}  // namespace
}  // namespace leash
