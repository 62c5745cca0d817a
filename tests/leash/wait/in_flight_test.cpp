// SPDX-License-Identifier: BSL-1.0
// Tasks that are destroyed while an operation still uses what it was given.

#include "leash/via.hpp"

#include <array>
#include <asio/buffer.hpp>
#include <asio/compose.hpp>
#include <asio/connect.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "leash/channel.hpp"
#include "leash/detail/plain_operation.hpp"
#include "leash/reaper.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using testing::Counted;
using Stream = asio::local::stream_protocol::socket;

class InFlightTest : public testing::LoopFixture {
 protected:
  InFlightTest() { asio::local::connect_pair(near, far); }
  void TearDown() override {
    LoopFixture::TearDown();
    EXPECT_EQ(Counted::alive, 0);
    Counted::alive = 0;
  }
  // Starts `make(ctx, args...)` in a scope that is destroyed without join when it waits.
  template <class Make, class... Args>
  void let_go(Make make, Args... args) {
    start(
        [](Context ctx, Make task, Args... all) -> Task<> {
          {
            Scope s(ctx);
            s.go(task(s.ctx(), all...), "let go");
            co_await sleep(1ms);
          }
        },
        make, args...);
    advance(1ms);
  }

  Stream near{io}, far{io};
};

Task<> reads_line(Context ctx, Stream* socket) {
  const Counted frame(1);
  std::string line(100, 'x');
  (void)co_await asio::async_read_until(*socket, asio::dynamic_buffer(line), '\n', via(ctx));
  ADD_FAILURE() << "resumed";
}

TEST_F(InFlightTest, AFrameStaysUntilAReadUntilHasReturned) { let_go(reads_line, &near); }

TEST_F(InFlightTest, AReapedReadUntilDoesNotCutAnotherTasksString) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx, [](Context, Context never, Stream* socket) -> Task<> { co_await reads_line(never, socket); },
      root(), &near);
  cancel();
  advance(1s);
  const Reaped reaped = reap(loop);
  EXPECT_EQ(reaped.ended, 0u);
  EXPECT_EQ(reaped.waiting, 1u);
  std::size_t size = 0;
  start(
      [](Context c, std::size_t* out) -> Task<> {
        std::string line(1000, 'y');
        co_await sleep(c, 1ms);
        *out = line.size();
      },
      &size);
  advance(1ms);
  EXPECT_EQ(size, 1000u);
  EXPECT_EQ(live_tasks(loop), 0u);
}

Task<> connects(Context ctx, asio::io_context* service, tcp::endpoint endpoint) {
  const Counted frame(1);
  tcp::socket socket(*service);
  std::vector<tcp::endpoint> endpoints(3, endpoint);
  (void)co_await asio::async_connect(socket, endpoints, via(ctx));
  co_await sleep(1h);
}

TEST_F(InFlightTest, AFrameStaysUntilAConnectOverEndpointsHasReturned) {
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  let_go(connects, &io, acceptor.local_endpoint());
}

// A composed operation that reads what it was given after its cancel.
struct Touches {
  template <class Self>
  void operator()(Self& self, std::error_code error = {}) {
    if (!std::exchange(begun, true)) {
      timer->async_wait(std::move(self));
      return;
    }
    text->append("touched");
    self.complete(error);
  }
  asio::steady_timer* timer;
  std::string* text;
  bool begun = false;
};

Task<> composes(Context ctx, asio::io_context* service) {
  const Counted frame(1);
  std::string text(100, 'x');
  asio::steady_timer timer(*service, 1h);
  Touches touches;
  touches.timer = &timer;
  touches.text = &text;
  Via token = via(ctx);
  auto composed = asio::async_compose<Via, void(std::error_code)>(touches, token, timer);
  (void)co_await composed;
  ADD_FAILURE() << "resumed";
}

TEST_F(InFlightTest, AFrameStaysUntilAComposedOperationHasReturned) { let_go(composes, &io); }

// A stream on top of another one, with buffers of its own, as TLS and websockets are: its operation uses them, and the
// stream below, after its cancel too.
class Framed {
 public:
  explicit Framed(Stream below) : below_(std::move(below)) {}
  template <class Token>
  auto async_read_message(std::string& into, Token&& token) {
    Read read;
    read.stream = this;
    read.into = &into;
    return asio::async_compose<Token, void(std::error_code)>(read, token, below_);
  }

 private:
  struct Read {
    template <class Self>
    void operator()(Self& self, std::error_code error = {}, std::size_t count = 0) {
      Framed& own = *stream;
      own.read_.append(own.space_.data(), count);
      if (error || !own.below_.is_open() || own.read_.ends_with('\n')) {
        into->swap(own.read_);
        self.complete(error);
        return;
      }
      own.below_.async_read_some(asio::buffer(own.space_), std::move(self));
    }
    Framed* stream;
    std::string* into;
  };
  Stream below_;
  std::array<char, 64> space_{};
  std::string read_ = std::string(100, 'r');
};

Task<> reads_message(Context ctx, Stream* below) {
  const Counted frame(1);
  Framed stream(std::move(*below));
  std::string message(100, 'm');
  (void)co_await stream.async_read_message(message, via(ctx));
  ADD_FAILURE() << "resumed";
}

TEST_F(InFlightTest, AFrameStaysUntilItsLayeredStreamHasReturned) {
  asio::write(far, asio::buffer("half a message", 14));
  let_go(reads_message, &near);
}

// Started, not yet awaited: it is in flight all the same.
Task<> starts(Context ctx, Stream* socket) {
  const Counted frame(1);
  std::string line(100, 'x');
  auto reading = asio::async_read_until(*socket, asio::dynamic_buffer(line), '\n', via(ctx));
  co_await sleep(1h);
  (void)co_await reading;
}

TEST_F(InFlightTest, FrameStaysUntilUnawaitedOperationReturns) { let_go(starts, &near); }

TEST_F(InFlightTest, HolderFramesStayDuringOperationOfTaskBelow) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx,
      [](Context, Context never, Stream* socket) -> Task<> {
        std::string lent(100, 'x');
        const auto reads_into = [](Context c, Stream* from, std::string* into) -> Task<> {
          (void)co_await asio::async_read_until(*from, asio::dynamic_buffer(*into), '\n', via(c));
        };
        Scope s(never);
        s.go(reads_into(never, socket, &lent));
        (void)co_await s.join();
      },
      root(), &near);
  cancel();
  advance(1s);
  EXPECT_EQ(reap(loop).waiting, 1u);
  poll();
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST_F(InFlightTest, APlainReadLetsItsFrameGoAtOnce) {
  start(
      [](Context ctx, Stream* socket) -> Task<> {
        const auto reads = [](Context c, Stream* from, Counted) -> Task<> {
          char data[8];
          (void)co_await from->async_read_some(asio::buffer(data), via(c));
        };
        {
          Scope s(ctx);
          Counted counted(1);
          s.go(reads(s.ctx(), socket, std::move(counted)));
          co_await sleep(1ms);
        }
        EXPECT_EQ(Counted::alive, 0);
      },
      &near);
  advance(1ms);
}

TEST(PlainOperation, IsKnownByTheNameOfItsInitiation) {
  using detail::is_name_of_plain_operation;
  EXPECT_TRUE(is_name_of_plain_operation("asio::basic_stream_socket<asio::ip::tcp>::initiate_async_receive"));
  EXPECT_TRUE(is_name_of_plain_operation(
      "boost::asio::basic_stream_socket<boost::asio::ip::tcp, E>::initiate_async_send"));
  EXPECT_TRUE(is_name_of_plain_operation("asio::basic_waitable_timer<C>::initiate_async_wait"));
  EXPECT_TRUE(is_name_of_plain_operation("asio::basic_socket_acceptor<P>::initiate_async_move_accept"));
  EXPECT_FALSE(is_name_of_plain_operation("asio::basic_socket_acceptor<P>::initiate_async_accept"));
  EXPECT_FALSE(
      is_name_of_plain_operation("asio::detail::initiate_async_read<asio::basic_stream_socket<P> >"));
  EXPECT_FALSE(is_name_of_plain_operation(
      "asio::ssl::stream<asio::basic_stream_socket<P> >::initiate_async_read_some"));
  EXPECT_FALSE(is_name_of_plain_operation("asio::basic_stream_file<E>::initiate_async_read_some"));
  EXPECT_FALSE(is_name_of_plain_operation("mine::basic_thing<P>::initiate_async_wait"));
}

TEST(InFlightAndLoop, TheEndOfALoopWaitsForWorkOnAThread) {
  expect_leaks();
  asio::thread_pool pool(1);
  std::binary_semaphore may_end{0};
  std::atomic<bool> loop_has_gone{false}, seen_too_late{false};
  {
    asio::io_context io{1};
    {
      Loop loop{io};
      go(loop.background(),
         [](Context ctx, asio::thread_pool* threads, std::binary_semaphore* gate, std::atomic<bool>* gone,
            std::atomic<bool>* late) -> Task<> {
           std::string text(100, 'x');
           Via token = via(ctx);
           auto work = asio::async_initiate<Via, void(std::error_code)>(
               [&text, threads, gate, gone, late](auto handler) {
                 auto home = asio::make_work_guard(handler);
                 asio::post(*threads, [h = std::move(handler), &text, gate, gone, late,
                                       home = std::move(home)]() mutable {
                   gate->acquire();
                   text.append("written by the other thread");
                   *late = gone->load();
                   asio::post(home.get_executor(), [h = std::move(h)]() mutable { h(std::error_code()); });
                 });
               },
               token);
           (void)co_await work;
         }(loop.background(), &pool, &may_end, &loop_has_gone, &seen_too_late));
      io.poll();
      asio::post(io, [&] { may_end.release(); });  // runs while the loop ends
    }
    loop_has_gone = true;
    pool.join();  // it holds work of the io_context
  }
  EXPECT_FALSE(seen_too_late);
}

TEST(InFlightAndLoop, LoopEndReportsUncancelableMovedTimer) {
  expect_leaks();
  asio::io_context io{1};
  std::optional<asio::steady_timer> moved;
  ::testing::internal::CaptureStderr();
  {
    asio::steady_timer timer(io, 1h);
    LoopOptions options;
    options.name = "a\nb";
    Loop loop{io, std::move(options)};
    go(loop.background(), [](Context ctx, asio::steady_timer* t) -> Task<> {
      const Counted frame(1);
      (void)co_await t->async_wait(via(ctx));
    }(loop.background(), &timer));
    io.poll();
    moved.emplace(std::move(timer));
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("must not be moved while an operation waits"), std::string::npos);
  EXPECT_NE(said.find("1 s after loop \"a\\nb\" canceled"), std::string::npos) << said;
  EXPECT_EQ(Counted::alive, 0);
}

TEST(InFlightAndLoop, LoopEndReportsThrowingHandlers) {
  expect_leaks();
  asio::io_context io{1};
  int reported = 0;
  {
    Stream near(io), far(io);
    asio::local::connect_pair(near, far);
    LoopOptions options;
    options.on_exception = [&](std::exception_ptr, const TaskInfo* task) { reported += task == nullptr; };
    Loop loop{io, std::move(options)};
    go(loop.background(), reads_line(loop.background(), &near));
    io.poll();
    asio::post(io, [] { throw 1; });
  }
  EXPECT_EQ(reported, 1);
  EXPECT_EQ(Counted::alive, 0);
}

Task<> level(Context ctx, int left) {
  Scope s(ctx);
  if (left > 0) {
    s.go(level(s.ctx(), left - 1));
  } else {
    s.go([](Context) -> Task<> { co_await Channel<int>().receive(); }(s.ctx()));
  }
  (void)co_await s.join();
}
constexpr int nested_levels = 40'000;

TEST_F(InFlightTest, AChainOfScopesIsLetGoWithoutRecursion) {
  let_go([](Context ctx) { return level(ctx, nested_levels); });
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST_F(InFlightTest, AChainOfScopesIsReapedWithoutRecursion) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx, [](Context, Context never) -> Task<> { co_await level(never, nested_levels); }, root());
  for (int turns = 0; turns < nested_levels / 100; ++turns) poll();
  cancel();
  advance(1s);
  EXPECT_EQ(reap(loop).ended, static_cast<std::size_t>(nested_levels) + 2);
}

TEST(InFlightAndLoop, AChainOfScopesEndsWithItsLoopWithoutRecursion) {
  expect_leaks();
  asio::io_context io{1};
  Loop loop{io};
  constexpr int levels = nested_levels / 2;  // each is described to the hook of this program's leak check
  go(loop.background(), level(loop.background(), levels));
  io.poll();
  EXPECT_EQ(live_tasks(loop), static_cast<std::size_t>(levels) + 2);
}

// --- what ends a task's scope, or reaps, while the task ends ---

struct Session : std::enable_shared_from_this<Session> {
  explicit Session(const Context& ctx) : scope(ctx) {}
  static Task<> run(std::shared_ptr<Session> self) { co_await sleep(self->scope.ctx(), 1ms); }
  Scope scope;
};

TEST_F(InFlightTest, AScopeMayBeOwnedByItsOwnTask) {
  auto session = std::make_shared<Session>(root());
  const std::weak_ptr<Session> watch = session;
  session->scope.go(Session::run(session), "session");
  session.reset();
  advance(1ms);
  EXPECT_EQ(live_tasks(loop), 0u);
  EXPECT_TRUE(watch.expired());
}

TEST_F(InFlightTest, ScopeOutlivingItsCreatorIsReaped) {
  std::unique_ptr<Scope> kept;
  auto [ctx, cancel] = with_cancel(root());
  start(
      [](Context, Context c, std::unique_ptr<Scope>* out) -> Task<> {
        *out = std::make_unique<Scope>(c);
        (*out)->go([]() -> Task<> { co_await Channel<int>().receive(); }());
        co_return;
      },
      ctx, &kept);
  cancel();
  advance(1s);
  EXPECT_EQ(reap(loop).ended, 1u);
  EXPECT_EQ(kept->live(), 0u);
}

TEST(InFlight, OnExceptionMayReapAndEndScopes) {
  for (const bool reaps : {true, false}) {
    asio::io_context io{1};
    ManualClock clock;
    Loop* the_loop = nullptr;
    std::unique_ptr<Scope> scope;
    std::optional<Reaped> reaped;
    LoopOptions options;
    options.clock = &clock;
    options.on_exception = [&](std::exception_ptr, const TaskInfo*) {
      if (reaps) reaped = reap(*the_loop);
      scope.reset();
    };
    Loop loop{io, std::move(options)};
    the_loop = &loop;
    Channel<int> go_on;
    const auto throws_later = [](Channel<int> ch) -> Task<> {
      (void)co_await ch.receive();
      throw std::runtime_error("late");
    };
    {
      auto [ctx, cancel] = with_cancel(loop.background());
      if (reaps) {
        go(ctx, throws_later(go_on));
      } else {
        scope = std::make_unique<Scope>(loop.background());
        scope->go(throws_later(go_on));
        scope->go(throws_later(go_on));
      }
      io.poll();
    }
    clock.advance(2s);
    io.restart();
    io.poll();
    go_on.close();
    io.restart();
    io.poll();
    EXPECT_EQ(live_tasks(loop), 0u);
    if (reaps) {
      ASSERT_TRUE(reaped);
      EXPECT_EQ(reaped->ended, 0u) << "it ends by itself";
    }
  }
}

TEST_F(InFlightTest, TasksStartedDuringReapingAreNotSubtracted) {
  struct Starts {
    explicit Starts(Context c) : ctx(std::move(c)) {}
    Starts(Starts&&) = default;
    ~Starts() {
      for (int i = 0; i < 3; ++i) go(ctx, []() -> Task<> { co_return; }());
    }
    Context ctx;
  };
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx,
      [](Context, Context c) -> Task<> {
        const Starts starts(c);
        co_await Channel<int>().receive();
      },
      root());
  cancel();
  advance(1s);
  EXPECT_EQ(reap(loop).ended, 1u);
}

// --- misuse ---

TEST(InFlightDeathTest, AwaitingOperationTwiceAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        asio::steady_timer timer(io, 1h);
        auto waiting = timer.async_wait(via(loop.background()));
        const auto waits = [](decltype(waiting)* w) -> Task<> { (void)co_await *w; };
        go(loop.background(), waits(&waiting));
        go(loop.background(), waits(&waiting));
        io.poll();
      },
      "an operation was awaited twice");
}

TEST(InFlightDeathTest, AwaitingMovedOperationAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        asio::steady_timer timer(io, 1h);
        go(loop.background(), [](Context ctx, asio::steady_timer* t) -> Task<> {
          auto waiting = t->async_wait(via(ctx));
          const auto taken = std::move(waiting);
          (void)co_await waiting;
        }(loop.background(), &timer));
        io.poll();
      },
      "an operation was awaited after it was moved from");
}

TEST(InFlightDeathTest, ThrowingDestructorAborts) {
  struct Throws {
    ~Throws() noexcept(false) { throw 1; }
  };
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        go(loop.background(), []() -> Task<> {
          const Throws throws;
          co_await sleep(1h);
        }());
        io.poll();
      },
      "a destructor threw an exception while the frame of a task was destroyed");
}

TEST(InFlightDeathTest, JoiningOwnScopeAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        Scope s(loop.background());
        s.go([](Scope* own) -> Task<> { (void)co_await own->join(); }(&s));
        io.poll();
      },
      "a task joins its own Scope");
}

TEST(InFlightDeathTest, DestroyingScopeDuringJoinAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        auto s = std::make_unique<Scope>(loop.background());
        s->go([]() -> Task<> { co_await sleep(1h); }());
        go(loop.background(), [](Scope* scope) -> Task<> { (void)co_await scope->join(); }(s.get()));
        io.poll();
        s.reset();
      },
      "a Scope was destroyed while a task joins it");
}

}  // namespace
}  // namespace leash
