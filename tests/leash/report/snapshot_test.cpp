// SPDX-License-Identifier: BSL-1.0
#include "leash/snapshot.hpp"

#include <array>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <bit>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "leash/channel.hpp"
#include "leash/done.hpp"
#include "leash/dump.hpp"
#include "leash/leak_check.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/trace.hpp"
#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"

// Functions with names that can be compared.
namespace app {

using leash::Channel;
using leash::Context;
using leash::Task;

struct Lines {
  std::uint32_t produce_first, produce_second, fan_out, start;
} lines;

Task<> produce(Channel<int> first, Channel<int> second) {
  lines.produce_first = __LINE__ + 1;
  (void)co_await first.receive();
  lines.produce_second = __LINE__ + 1;
  (void)co_await second.send(1);
}

Task<int> fan_out(Channel<int> first, Channel<int> second) {
  lines.fan_out = __LINE__ + 1;
  co_await produce(first, second);
  co_return 0;
}

Task<> serve(Channel<int> first, Channel<int> second) { (void)co_await fan_out(first, second); }

void start(const Context& ctx, Channel<int> first, Channel<int> second) {
  lines.start = __LINE__ + 1;
  leash::go(ctx, serve(first, second), "server");
}

Task<> receives(Channel<int> ch) { (void)co_await ch.receive(); }

}  // namespace app

namespace leash {
namespace {

using namespace std::chrono_literals;

class SnapshotTest : public testing::LoopFixture {
 protected:
  SnapshotTest() : LoopFixture(LoopOptions{.name = "loop 3"}) {}
  TaskInfo only() const {
    const auto tasks = snapshot(loop);
    EXPECT_EQ(tasks.size(), 1u);
    return tasks.empty() ? TaskInfo() : tasks[0];
  }
  std::map<std::string, TaskInfo> by_name() const {
    std::map<std::string, TaskInfo> tasks;
    for (const TaskInfo& task : snapshot(loop)) tasks[task.name] = task;
    return tasks;
  }
  Channel<int> ch;
};

// --- content ---

TEST_F(SnapshotTest, DescribesTaskCompletely) {
  Channel<int> second;
  std::optional<Cancelable> request = with_cancel(root(), Label("request", 918, Role::request));
  app::start(request->ctx, ch, second);
  advance(2s);
  request->cancel(errc::disconnected);
  advance(3s);

  const TaskInfo task = only();
  EXPECT_EQ(task.id, 1u);
  EXPECT_EQ(task.name, "server");
  EXPECT_EQ(task.loop, "loop 3");
  EXPECT_EQ(task.site, (Frame{"app::start", "tests/leash/report/snapshot_test.cpp", app::lines.start}));
  EXPECT_EQ(task.role, Role::request);
  EXPECT_EQ(task.state, TaskState::leaked);
  EXPECT_EQ(task.owner, "request 918");
  EXPECT_EQ(task.owner_done_for, 3s);
  EXPECT_EQ(task.owner_cause, make_error_code(errc::disconnected).message());
  EXPECT_EQ(task.wait, WaitKind::chan_receive);
  EXPECT_FALSE(task.uncancellable);
  EXPECT_EQ(task.waits_for, 5s);
  EXPECT_EQ(task.age, 5s);
  EXPECT_EQ(task.frame_bytes, loop.metrics()->sites()[0].frame_bytes.get());
  ASSERT_EQ(task.frames.size(), 3u);
  EXPECT_EQ(task.frames[0], (Frame{"app::produce", task.site.file, app::lines.produce_first}));
  EXPECT_EQ(task.frames[1], (Frame{"app::fan_out", task.site.file, app::lines.fan_out}));
  EXPECT_EQ(task.frames[2].function, "app::serve");

  EXPECT_TRUE(ch.try_send(1));
  advance(1s);
  const TaskInfo later = only();
  EXPECT_EQ(later.wait, WaitKind::chan_send);
  EXPECT_EQ(later.waits_for, 1s);
  EXPECT_EQ(later.age, 6s);
  EXPECT_EQ(later.frames[0].line, app::lines.produce_second);
  request.reset();
  EXPECT_EQ(only().owner, "request 918") << "the task holds what it needs of its owner";
  EXPECT_TRUE(second.try_receive());
}

TEST_F(SnapshotTest, NamesTraceOfOwner) {
  Trace trace;
  trace.high = 0x4bf92f3577b34da6;
  trace.low = 0xa3ce929d0e0e4736;
  const Context traced = with_value<Trace>(root(), trace);
  auto [request, cancel] = with_cancel(traced, Label("request", 1, Role::request));
  Channel<int> second;
  app::start(request, ch, second);
  advance(1s);
  EXPECT_EQ(only().trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  ch.close();
  second.close();
}

TEST_F(SnapshotTest, UnstartedTaskIsRunnableAtItsDefinition) {
  go(root(), app::receives(ch));
  const TaskInfo task = only();
  EXPECT_EQ(task.wait, WaitKind::none);
  EXPECT_EQ(task.waits_for, 0s);
  EXPECT_EQ(task.name, "");
  EXPECT_EQ(task.owner, "");
  EXPECT_EQ(task.owner_done_for, std::nullopt);
  EXPECT_EQ(task.role, Role::system);
  ASSERT_EQ(task.frames.size(), 1u);
  EXPECT_EQ(task.frames[0].function, "app::receives");
  poll();
  EXPECT_TRUE(ch.try_send(1));
  EXPECT_EQ(only().wait, WaitKind::none) << "ready, but it has not run yet";
}

TEST_F(SnapshotTest, KeepsNameOfAnyLengthUpToNullCharacter) {
  for (const auto length : std::initializer_list<std::size_t>{1, 15, 16, 63, 64, 500, 100'000}) {
    const std::string name(length, 'n');
    go(root(), app::receives(ch), name);
    EXPECT_EQ(only().name, name);
    poll();
    EXPECT_TRUE(ch.try_send(1));
    poll();
  }
  go(root(), app::receives(ch), std::string_view("ab\0cd", 5));
  EXPECT_EQ(only().name, "ab");
  poll();
  EXPECT_TRUE(ch.try_send(1));
  poll();
  go(root(), app::receives(ch), std::string(1, '\0') + std::string(10'000, 'n'));
  EXPECT_EQ(only().name, "");
  ch.close();
}

TEST_F(SnapshotTest, ATaskSeesItselfRunning) {
  std::vector<TaskInfo> tasks;
  start(
      [](Context, Loop* l, std::vector<TaskInfo>* out) -> Task<> {
        *out = snapshot(*l);
        co_return;
      },
      &loop, &tasks);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].wait, WaitKind::none);
}

TEST_F(SnapshotTest, StatesFollowTheOwner) {
  auto [ctx, cancel] = with_cancel(root());
  auto [ended, cancel_ended] = with_cancel(root());
  go(root(), app::receives(ch), "detached");
  go(without_cancel(ctx), app::receives(ch), "apart");
  go(ctx, app::receives(ch), "owned");
  go(ended, app::receives(ch), "first orphan, then leaked");
  poll();
  cancel_ended();
  auto tasks = by_name();
  EXPECT_EQ(tasks["detached"].state, TaskState::detached);
  EXPECT_EQ(tasks["apart"].state, TaskState::detached);
  EXPECT_EQ(tasks["owned"].state, TaskState::owned);
  EXPECT_EQ(tasks["first orphan, then leaked"].state, TaskState::orphan);
  advance(1s);
  EXPECT_EQ(by_name()["first orphan, then leaked"].state, TaskState::leaked);
  EXPECT_EQ(by_name()["owned"].state, TaskState::owned);
  ch.close();
}

TEST_F(SnapshotTest, EveryKindOfWaitHasItsName) {
  DoneSource source;
  asio::steady_timer timer(io, 1h);  // canceled through its context, so it must outlive the task
  auto [ctx, cancel] = with_cancel(root());
  go(
      ctx, [](Context c, Channel<int> channel) -> Task<> { (void)co_await channel.receive(c); }(ctx, ch),
      "chan receive");
  go(
      ctx,
      [](Context c) -> Task<> {
        const Channel<int> nobody;
        (void)co_await nobody.send(c, 1);
      }(ctx),
      "chan send");
  go(
      ctx, [](Context c) -> Task<> { (void)co_await select(c.done(), sleep(1h)); }(ctx), "select");
  go(
      ctx, [](Context c) -> Task<> { (void)co_await sleep(c, 1h); }(ctx), "sleep");
  go(
      ctx,
      [](Context c, asio::steady_timer* t) -> Task<> { (void)co_await t->async_wait(via(c)); }(ctx, &timer),
      "sleep");
  go(
      ctx,
      [](Context c) -> Task<> {
        Scope s(c);
        s.go([](Context inner) -> Task<> { co_await inner.done(); }(s.ctx()), "context done");
        (void)co_await s.join();
      }(ctx),
      "wait group");
  poll();
  EXPECT_EQ(snapshot(loop).size(), 7u);
  for (const TaskInfo& task : snapshot(loop)) EXPECT_EQ(to_string(task.wait), task.name);
  EXPECT_EQ(to_string(WaitKind::asio), "asio");
  EXPECT_EQ(to_string(WaitKind::none), "runnable");
}

Task<> reads_some(Context ctx, asio::local::stream_protocol::socket* socket) {
  std::array<char, 8> data{};
  (void)co_await socket->async_read_some(asio::buffer(data), via(ctx));
}
Task<> reads_all(Context ctx, asio::local::stream_protocol::socket* socket) {
  std::array<char, 8> data{};
  (void)co_await asio::async_read(*socket, asio::buffer(data), via(ctx));
}
Task<> writes(Context ctx, asio::local::stream_protocol::socket* socket) {
  const std::vector<char> data(8 << 20);  // more than the maximum
  (void)co_await asio::async_write(*socket, asio::buffer(data), via(ctx));
}
Task<> accepts(Context ctx, asio::ip::tcp::acceptor* acceptor) {
  (void)co_await acceptor->async_accept(via(ctx));
}
Task<> waits_until_readable(Context ctx, asio::local::stream_protocol::socket* socket) {
  (void)co_await socket->async_wait(asio::socket_base::wait_read, via(ctx));
}

TEST_F(SnapshotTest, NamesOperationsByKind) {
  auto [ctx, cancel] = with_cancel(root());
  asio::local::stream_protocol::socket one(io), other(io);
  asio::local::connect_pair(one, other);
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  go(ctx, reads_some(ctx, &one), "read");
  go(ctx, reads_all(ctx, &one), "read");
  go(ctx, writes(ctx, &one), "write");
  go(ctx, accepts(ctx, &acceptor), "accept");
  go(ctx, waits_until_readable(ctx, &one), "IO wait");
  poll();
  EXPECT_EQ(snapshot(loop).size(), 5u);
  for (const TaskInfo& task : snapshot(loop)) EXPECT_EQ(to_string(task.wait), task.name);
  cancel();
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
}

TEST_F(SnapshotTest, ListsTasksOldestFirstWhereverTheyWereStarted) {
  const auto one_place = [&] { go(root(), app::receives(ch)); };
  const auto other_place = [&] { go(root(), app::receives(ch)); };
  one_place();
  other_place();
  one_place();
  other_place();
  poll();
  std::vector<std::uint64_t> ids;
  for (const TaskInfo& task : snapshot(loop)) ids.push_back(task.id);
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(loop.metrics()->sites().size(), 2u);
  ch.close();
}

TEST(SnapshotAndLoop, SnapshotOutlivesLoopAsPlainData) {
  expect_leaks();
  std::vector<TaskInfo> tasks;
  {
    asio::io_context io{1};
    Loop loop{io};
    go(loop.background(), app::receives(Channel<int>()), std::string("a name that is not a literal"));
    io.poll();
    tasks = snapshot(loop);
  }
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_NE(to_text(tasks[0]).find("\"a name that is not a literal\""), std::string::npos);
}

// --- groups ---

TaskInfo task(std::uint64_t id, std::uint32_t site, WaitKind wait, Duration age, std::uint32_t line = 1) {
  TaskInfo info;
  info.id = id;
  info.site = {"start", "a.cpp", site};
  info.wait = wait;
  info.age = age;
  info.frame_bytes = 100;
  info.frames = {{"wait", "a.cpp", line}, {"outer", "a.cpp", 2}};
  return info;
}

TEST(SnapshotGroups, ShareSiteStateAndAwaitsLargestFirst) {
  std::vector<TaskInfo> tasks{
      task(1, 10, WaitKind::sleep, 9s),     task(2, 20, WaitKind::sleep, 1s),
      task(3, 20, WaitKind::sleep, 5s),     task(4, 20, WaitKind::chan_send, 8s),
      task(5, 20, WaitKind::sleep, 8s, 77),  // at another line
      task(6, 20, WaitKind::sleep, 3s),     task(7, 20, WaitKind::sleep, 2s),
  };
  tasks[6].state = TaskState::leaked;
  const auto groups = group(tasks);
  ASSERT_EQ(groups.size(), 5u);
  EXPECT_EQ(groups[0].count, 3u);
  EXPECT_EQ(groups[0].frame_bytes, 300u);
  EXPECT_EQ(groups[0].oldest.id, 3u);
  std::vector<std::uint64_t> rest;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    EXPECT_EQ(groups[i].count, 1u);
    rest.push_back(groups[i].oldest.id);
  }
  EXPECT_EQ(rest, (std::vector<std::uint64_t>{1, 4, 5, 7})) << "of equal size: in the order of the tasks";
  EXPECT_TRUE(group({}).empty());
}

TEST(SnapshotGroups, AreDividedByWhatTheTextSays) {
  const TaskInfo one;
  const auto divides = [&one](auto change) {
    TaskInfo other;
    change(other);
    return group({one, other}).size() == 2;
  };
  EXPECT_FALSE(divides([](TaskInfo&) {}));
  EXPECT_TRUE(divides([](TaskInfo& task) { task.uncancellable = true; }));
  EXPECT_TRUE(divides([](TaskInfo& task) { task.stranded = true; }));
  EXPECT_TRUE(divides([](TaskInfo& task) { task.running = true; }));
  EXPECT_TRUE(divides([](TaskInfo& task) { task.frames_left_out = 1; }));
}

TEST(SnapshotGroups, NamesOwnersAndAgesDoNotDivide) {
  std::vector<TaskInfo> tasks{task(1, 10, WaitKind::sleep, 9s), task(2, 10, WaitKind::sleep, 1s)};
  tasks[1].name = "other";
  tasks[1].owner = "request 2";
  tasks[1].waits_for = 1s;
  EXPECT_EQ(group(tasks).size(), 1u);
}

TEST_F(SnapshotTest, GroupsTasksLeakedAtOnePlace) {
  Channel<int> second;
  for (int i = 0; i < 5; ++i) {
    auto [ctx, cancel] = with_cancel(root());
    app::start(ctx, ch, second);
    advance(1s);
  }
  advance(1s);
  const auto groups = group(snapshot(loop));
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].count, 5u);
  EXPECT_EQ(groups[0].oldest.id, 1u);
  ch.close();
  second.close();
}

// --- text ---

TaskInfo replica() {
  TaskInfo info;
  info.id = 4711;
  info.name = "replica 2";
  info.site = {"fan_out", "server/patterns/send.cpp", 60};
  info.state = TaskState::leaked;
  info.owner = "request 918";
  info.owner_done_for = 3100ms;
  info.owner_cause = "client disconnected";
  info.wait = WaitKind::chan_send;
  info.waits_for = 3200ms;
  info.frame_bytes = 1230;
  info.frames = {{"produce", "server/patterns/send.cpp", 41}, {"fan_out", "server/patterns/send.cpp", 63}};
  return info;
}

constexpr const char* replica_text =
    R"(task 4711 [chan send, 3.2s] "replica 2" leaked: request 918 ended 3.1s ago (client disconnected), 1.2 KiB of frames
    produce              server/patterns/send.cpp:41
    fan_out              server/patterns/send.cpp:63
started at               server/patterns/send.cpp:60 by fan_out
)";

std::string first_line(const TaskInfo& info) {
  const std::string text = to_text(info);
  return text.substr(0, text.find('\n'));
}

TEST(SnapshotText, ReadsLikeAGoroutineDump) { EXPECT_EQ(to_text(replica()), replica_text); }

TEST(SnapshotText, OfAGroupIsItsOldestTaskAndHowManyAreLikeIt) {
  EXPECT_EQ(to_text(TaskGroup{1, 1230, replica()}), replica_text);
  EXPECT_EQ(to_text(TaskGroup{40, 49'200, replica()}),
            std::string("40 tasks like this one, the oldest; 48.0 KiB of frames\n") + replica_text);
}

TEST(SnapshotText, EndsWithTheTraceIfThereIsOne) {
  TaskInfo info = replica();
  info.trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  EXPECT_EQ(to_text(info),
            std::string(replica_text) + "trace                    4bf92f3577b34da6a3ce929d0e0e4736\n");
}

TEST(SnapshotText, EscapesTextOfTheProgram) {
  TaskInfo info = replica();
  info.owner = "a\nb";
  info.owner_cause = "c\nd";
  info.site = {"e\nf", "g\nh", 60};
  info.frames = {{"i\nj", "k\nl", 41}};
  EXPECT_EQ(
      to_text(info),
      "task 4711 [chan send, 3.2s] \"replica 2\" leaked: a\\nb ended 3.1s ago (c\\nd), 1.2 KiB of frames\n"
      "    i\\nj                 k\\nl:41\n"
      "started at               g\\nh:60 by e\\nf\n");
  info.owner_done_for.reset();
  EXPECT_EQ(first_line(info), "task 4711 [chan send, 3.2s] \"replica 2\" leaked by a\\nb, 1.2 KiB of frames");
}

TEST(SnapshotText, OmitsAbsentFields) {
  TaskInfo info;
  info.id = 1;
  info.frame_bytes = 200;
  EXPECT_EQ(first_line(info), "task 1 [runnable] owned, 200 B of frames");
  info.owner = "connection 5";
  EXPECT_EQ(first_line(info), "task 1 [runnable] owned by connection 5, 200 B of frames");
  info.state = TaskState::orphan;
  info.owner = "";
  info.owner_done_for = 20ms;
  info.owner_cause = "context canceled";
  EXPECT_EQ(first_line(info),
            "task 1 [runnable] orphan: its owner ended 20ms ago (context canceled), 200 B of frames");
  info.wait = WaitKind::io_wait;
  info.uncancellable = true;
  EXPECT_EQ(first_line(info),
            "task 1 [IO wait, 0ms, cannot be canceled] orphan: its owner ended 20ms ago (context canceled), "
            "200 B of frames");
}

TEST(SnapshotText, DurationsAndSizesAreShort) {
  TaskInfo info;
  info.wait = WaitKind::sleep;
  const auto duration = [&](Duration d) {
    info.waits_for = d;
    const std::string text = first_line(info);
    const std::size_t begin = text.find("sleep, ") + 7;
    return text.substr(begin, text.find(']') - begin);
  };
  EXPECT_EQ(duration(-1s), "0ms");
  EXPECT_EQ(duration(999ms), "999ms");
  EXPECT_EQ(duration(999'600us), "1.0s") << "not 1000ms";
  EXPECT_EQ(duration(1s), "1.0s");
  EXPECT_EQ(duration(90s), "90.0s");
  EXPECT_EQ(duration(9min), "9.0m");
  EXPECT_EQ(duration(3h), "3.0h");
  EXPECT_EQ(duration(1000h), "1000.0h");
  const auto size = [&](std::size_t bytes) {
    info.frame_bytes = bytes;
    const std::string text = first_line(info);
    const std::size_t begin = text.rfind(", ") + 2;
    return text.substr(begin, text.find(" of frames") - begin);
  };
  EXPECT_EQ(size(1023), "1023 B");
  EXPECT_EQ(size(1024), "1.0 KiB");
  EXPECT_EQ(size(1024 * 1024), "1.0 MiB");
}

TEST(SnapshotText, LongNamesPushTheirPlaceAside) {
  TaskInfo info;
  info.frames = {{"a_function_with_a_rather_long_name", "a.cpp", 1}};
  info.site = {"f", "b.cpp", 2};
  EXPECT_NE(to_text(info).find("    a_function_with_a_rather_long_name a.cpp:1\n"), std::string::npos);
}

TEST(SnapshotText, FunctionsOmitReturnTypeAndParameters) {
  const std::vector<std::pair<const char*, const char*>> cases{
      // GCC
      {"leash::Task<void> app::produce(leash::Channel<int>)", "app::produce"},
      {"void app::produce(app::produce(leash::Channel<int>)::_ZN3app7produceEN5leash7ChannelIiEE.Frame*)",
       "app::produce"},
      {"leash::Task<leash::Result<std::function<void(int)> > > app::make()", "app::make"},
      {"int main(int, char**)", "main"},
      {"leash::Task<> {anonymous}::hidden(int)", "hidden"},
      {"leash::Task<T> app::each(std::vector<T>) [with T = int]", "app::each"},
      {"app::Server::Server(int)", "app::Server::Server"},
      {"app::Server::~Server()", "app::Server::~Server"},
      {"const char* app::name()", "app::name"},
      {"app::start(int)::<lambda(leash::Context)>", "app::start"},
      {"void app::Handler::operator()(int)", "app::Handler::operator()"},
      // clang
      {"const char *app::name()", "app::name"},
      {"leash::Task<> (anonymous namespace)::hidden(int)", "hidden"},
      {"auto app::start(int)::(anonymous class)::operator()(leash::Context) const", "app::start"},
      {"main", "main"},
      {"", ""},
  };
  for (const auto& [spelled, readable] : cases) EXPECT_EQ(readable_function(spelled), readable) << spelled;
}

// What a source_location holds is part of the compilers' ABI.
struct SourcePlace {
  const char* file;
  const char* function;
  unsigned line;
  unsigned column;
};

TEST_F(SnapshotTest, ATaskKeepsItsPlaceWhenTheTableOfSitesIsFull) {
  std::vector<SourcePlace> places;
  for (unsigned line = 1; line <= 300; ++line) places.push_back({"many.cpp", "void app::many()", line, 1});
  const SourcePlace last{"last.cpp", "void app::the_leak()", 7, 1};
  places.push_back(last);
  const auto wait = [](Channel<int> on) -> Task<> { (void)co_await on.receive(); };
  for (const SourcePlace& place : places)
    go(root(), wait(ch), {}, std::bit_cast<std::source_location>(&place));
  poll();
  const auto tasks = snapshot(loop);
  ASSERT_EQ(tasks.size(), 301u);
  EXPECT_EQ(tasks[299].site, (Frame{"app::many", "many.cpp", 300}));
  EXPECT_EQ(tasks[300].site, (Frame{"app::the_leak", "last.cpp", 7}));
  TaskFilter by_site;
  by_site.site = "last.cpp:7";
  EXPECT_EQ(snapshot(loop, by_site).size(), 1u);
  EXPECT_EQ(take_dump(loop).entries.size(), 301u) << "no two are of the same place";
  LeakOptions options;
  options.ignore_site("many.cpp").ignore_started_by("app::the_leak");
  EXPECT_FALSE(options.finds_any(loop));
  EXPECT_STREQ(loop.metrics()->sites()[Metrics::other_site].file, "other") << "only metrics have a bound";
  ch.close();
  poll();
  Channel<int> another;  // the records of the new tasks lie where those of the old ones lay
  for (int i = 0; i < 301; ++i) go(root(), wait(another), {}, std::bit_cast<std::source_location>(&last));
  poll();
  EXPECT_EQ(snapshot(loop, by_site).size(), 301u);
  another.close();
}

TEST_F(SnapshotTest, NoWaitIsOlderThanItsTask) {
  asio::io_context real_io{1};
  Loop real{real_io};  // its clocks are of different grain
  auto [ctx, cancel] = with_cancel(real.background());
  cancel();
  for (int i = 0; i < 100; ++i) {
    go(ctx, [](Channel<int> on) -> Task<> { (void)co_await on.receive(); }(ch));
    real_io.restart();
    real_io.poll();
  }
  for (const TaskInfo& task : snapshot(real)) EXPECT_LE(task.waits_for, task.age);
  ch.close();
  real_io.restart();
  real_io.poll();
}

}  // namespace
}  // namespace leash
