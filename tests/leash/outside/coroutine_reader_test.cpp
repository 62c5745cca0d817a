// SPDX-License-Identifier: BSL-1.0
#include "leash/src/outside/coroutine_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "leash/co_spawn.hpp"
#include "leash/detail/coroutine_record.hpp"
#include "leash/gtest.hpp"
#include "leash/owner.hpp"
#include "tests/leash/outside/patched_memory.hpp"

namespace leash {
namespace {

using namespace outside;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

asio::awaitable<void> wait_outside(asio::steady_timer& timer) {
  co_await timer.async_wait(asio::use_awaitable);
}
asio::awaitable<void> wait_one_deeper(asio::steady_timer& timer) { co_await wait_outside(timer); }

class CoroutineReaderTest : public testing::Test {
 protected:
  void SetUp() override { expect_leaks(); }

  // Those of this file.
  std::vector<CoroutineGroup> read() {
    CachedMemory memory(patched);
    auto reader = CoroutineReader::open(memory, address_of(&leash_coroutine_layout));
    if (!reader) {
      refusal = reader.error();
      return {};
    }
    std::vector<CoroutineGroup> groups = reader->groups();
    remarks = reader->remarks();
    std::erase_if(groups, [](const CoroutineGroup& group) {
      return !group.oldest.site.file.ends_with("coroutine_reader_test.cpp");
    });
    return groups;
  }

  asio::io_context io;
  asio::steady_timer never{io, asio::steady_timer::time_point::max()};
  PatchedMemory patched;
  std::string refusal;
  std::vector<std::string> remarks;
};

TEST_F(CoroutineReaderTest, MatchesReportOfProcess) {
  for (int i = 0; i < 3; ++i) asio::co_spawn(io, wait_one_deeper(never), asio::detached);
  io.poll();
  const std::vector<CoroutineGroup> read_groups = read();
  CoroutineFilter here;
  here.context = &io;
  const std::vector<CoroutineGroup> own = group_coroutines(here);
  ASSERT_EQ(own.size(), 1u);
  ASSERT_EQ(read_groups.size(), 1u) << refusal;
  const CoroutineGroup& group = read_groups[0];
  EXPECT_EQ(group.count, 3u);
  EXPECT_EQ(group.frame_bytes, own[0].frame_bytes);
  EXPECT_EQ(group.oldest.id, own[0].oldest.id);
  EXPECT_EQ(group.oldest.site, own[0].oldest.site);
  EXPECT_EQ(group.oldest.state, own[0].oldest.state);
  EXPECT_EQ(group.oldest.wait, WaitKind::timer);
  EXPECT_EQ(group.oldest.frames, own[0].oldest.frames);
  EXPECT_EQ(group.oldest.frames.size(), 2u);
  EXPECT_THAT(remarks, IsEmpty());
}

TEST_F(CoroutineReaderTest, NotesUnknownOwners) {
  Owner owner("connection 7");
  leash::co_spawn(owner, io.get_executor(), wait_outside(never), asio::detached);
  io.poll();
  const std::vector<CoroutineGroup> groups = read();
  ASSERT_EQ(groups.size(), 1u) << refusal;
  EXPECT_EQ(groups[0].oldest.state, CoroutineState::owned);
  EXPECT_THAT(remarks, ElementsAre("from outside it is unknown whether the owner of a coroutine is done"));
}

#if defined(__x86_64__)
TEST_F(CoroutineReaderTest, TakesLengthOfTickFromRegistry) {
  asio::co_spawn(io, wait_outside(never), asio::detached);
  io.poll();
  const std::uint64_t id = read().at(0).oldest.id;
  constexpr std::uint32_t ticks = 1000;
  patched.time = std::chrono::steady_clock::now();
  const std::chrono::nanoseconds length = 16ms;
  patched.patch(address_of(&detail::record_at(detail::slot_of(id)).since), detail::tick() - ticks);
  patched.patch(address_of(&leash_coroutines.anchor_ticks),
                __builtin_ia32_rdtsc() - (std::uint64_t{ticks} << 24));
  patched.patch(address_of(&leash_coroutines.anchor_time),
                (patched.time->time_since_epoch() - ticks * length).count());
  const std::chrono::nanoseconds waits_for = read().at(0).oldest.waits_for;
  EXPECT_GT(waits_for, 15s);
  EXPECT_LT(waits_for, 60s);  // also if this test is held up
}
#endif

TEST_F(CoroutineReaderTest, KnowsAge) {
  asio::co_spawn(io, wait_outside(never), asio::detached);
  io.poll();
  const std::uint64_t id = read().at(0).oldest.id;
  const auto made_100_s_ago = detail::coarse_time() - 12'500;
  patched.patch(address_of(&detail::record_at(detail::slot_of(id)).made), made_100_s_ago);
  // Without the time it is the latest one in a record. The coroutine has just begun to wait.
  for (const auto time :
       {std::optional<TimePoint>(std::chrono::steady_clock::now()), std::optional<TimePoint>()}) {
    patched.time = time;
    const CoroutineInfo coroutine = read().at(0).oldest;
    EXPECT_GT(coroutine.age, 95s);
    EXPECT_LT(coroutine.age, 160s);  // also if this test is held up
  }
}

TEST_F(CoroutineReaderTest, RefusesForeignTables) {
  const std::uint64_t table = address_of(&leash_coroutine_layout);
  patched.patch(table + offsetof(CoroutineLayout, version), std::uint32_t{77});
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_THAT(refusal, HasSubstr("another version (77, and this program reads 3)"));
  patched.patch(table, 'x');
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_THAT(refusal, HasSubstr("something else"));
}

TEST_F(CoroutineReaderTest, TerminatesOnAnyMemory) {
  for (int i = 0; i < 3; ++i) asio::co_spawn(io, wait_one_deeper(never), asio::detached);
  io.poll();
  const auto id = static_cast<std::uint32_t>(read().at(0).oldest.id);
  const detail::CoroutineRecord& root = detail::record_at(detail::slot_of(id));
  // It awaits itself; it awaits an address without a record; and there are more records than a registry has.
  for (const std::uint64_t below : {address_of(&root), std::uint64_t{8}, ~std::uint64_t{0}}) {
    patched.patch(address_of(&root.below), below);
    EXPECT_GE(read().size(), 1u) << below;
  }
  patched.patch(address_of(&leash_coroutines.slab[0]), std::uint64_t{16});
  EXPECT_THAT(read(), IsEmpty());
  patched.patch(address_of(&leash_coroutines.slabs), ~std::uint32_t{0});
  read();
  EXPECT_THAT(remarks, testing::Contains("the registry of coroutines is damaged"));
  for (std::size_t i = offsetof(CoroutineLayout, registry); i < sizeof(CoroutineLayout); ++i) {
    PatchedMemory broken;
    broken.patch(address_of(&leash_coroutine_layout) + i, '\xff');
    CachedMemory memory(broken);
    if (auto reader = CoroutineReader::open(memory, address_of(&leash_coroutine_layout))) reader->groups();
  }
}

}  // namespace
}  // namespace leash
