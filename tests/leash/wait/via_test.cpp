// SPDX-License-Identifier: BSL-1.0
#include "leash/via.hpp"

#include <array>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/write.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "leash/channel.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using testing::Counted;
using Stream = asio::local::stream_protocol::socket;

// The table of results.
template <class... Args>
using OutcomeOf = typename detail::OperationAwaiter<Args...>::Outcome;
using Error = std::error_code;
static_assert(std::is_same_v<OutcomeOf<Error>, Result<>>);
static_assert(std::is_same_v<OutcomeOf<Error, std::size_t>, Result<std::size_t>>);
static_assert(std::is_same_v<OutcomeOf<Error, tcp::socket>, Result<tcp::socket>>);
static_assert(std::is_same_v<OutcomeOf<Error, int, std::string>, Result<std::tuple<int, std::string>>>);
static_assert(std::is_same_v<OutcomeOf<std::exception_ptr>, Result<>>);
static_assert(std::is_same_v<OutcomeOf<std::exception_ptr, int>, Result<int>>);
static_assert(
    std::is_same_v<OutcomeOf<std::exception_ptr, int, std::string>, Result<std::tuple<int, std::string>>>);
static_assert(std::is_void_v<OutcomeOf<>>);
static_assert(std::is_same_v<OutcomeOf<int>, int>);
static_assert(std::is_same_v<OutcomeOf<int, std::string>, std::tuple<int, std::string>>);

// An operation that the test completes by hand.
template <class... Args>
class Manual {
 public:
  explicit Manual(bool can_be_canceled = true) : cancellable_(can_be_canceled) {}

  template <class Token>
  auto start(Token&& token) {
    return asio::async_initiate<Token, void(Args...)>(
        [](auto handler, Manual* self) {
          ++self->started;
          if (self->cancellable_) {
            asio::get_associated_cancellation_slot(handler).assign([self](asio::cancellation_type) {
              ++self->told_to_stop;
              if (self->on_stop) self->on_stop();
            });
          }
          self->handler_ = std::move(handler);
        },
        token, this);
  }
  void complete(Args... args) {
    auto handler = std::exchange(handler_, nullptr);
    handler(std::move(args)...);
  }

  int started = 0;
  int told_to_stop = 0;
  std::function<void()> on_stop;

 private:
  bool cancellable_;
  std::move_only_function<void(Args...)> handler_;
};

class ViaTest : public testing::LoopFixture {
 protected:
  ViaTest() { asio::local::connect_pair(near, far); }
  void TearDown() override {
    LoopFixture::TearDown();
    EXPECT_EQ(Counted::alive, 0) << "objects that were not destroyed, or twice";
    Counted::alive = 0;
  }
  static bool nothing_linked(const Context& ctx) { return ctx.node().signal->dependents.empty(); }

  Stream near{io}, far{io};
};

// --- results ---

TEST_F(ViaTest, AnErrorAloneGivesAResultWithoutAValue) {
  std::optional<Result<>> got;
  start(
      [](Context ctx, asio::io_context& service, std::optional<Result<>>* out) -> Task<> {
        asio::steady_timer timer(service, 1ms);
        *out = co_await timer.async_wait(via(ctx));
      },
      io, &got);
  EXPECT_TRUE(eventually([&] { return got.has_value(); }));
  EXPECT_TRUE(*got);
}

TEST_F(ViaTest, AnErrorAndAValueGiveAResult) {
  std::vector<std::string> got;
  start(
      [](Context ctx, Stream& stream, std::vector<std::string>* out) -> Task<> {
        std::array<char, 16> data;
        for (;;) {
          const auto n = co_await stream.async_read_some(asio::buffer(data), via(ctx));
          if (!n) {
            out->push_back(n.error() == make_error_code(asio::error::eof) ? "eof" : n.error().message());
            co_return;
          }
          out->emplace_back(data.data(), *n);
        }
      },
      near, &got);
  asio::write(far, asio::buffer("one", 3));
  poll();
  asio::write(far, asio::buffer("two", 3));
  poll();
  far.close();
  poll();
  EXPECT_EQ(got, (std::vector<std::string>{"one", "two", "eof"}));
}

TEST_F(ViaTest, ServesRealTcpSockets) {  // move-only and not default-constructible results
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::string served, answered;
  start(
      [](Context ctx, tcp::acceptor* listener, std::string* out) -> Task<> {
        Result<tcp::socket> peer = co_await listener->async_accept(via(ctx));
        std::string line(5, '\0');
        const auto n = co_await asio::async_read(*peer, asio::buffer(line), via(ctx));
        *out = line.substr(0, n.value_or(0));
        (void)co_await asio::async_write(*peer, asio::buffer(line), via(ctx));
      },
      &acceptor, &served);
  start(
      [](Context ctx, asio::io_context& service, std::uint16_t port, std::string* out) -> Task<> {
        tcp::resolver resolver(service);
        tcp::socket socket(service);
        const std::string service_name = std::to_string(port);
        const auto found = co_await resolver.async_resolve("127.0.0.1", service_name, via(ctx));
        const auto endpoint = co_await asio::async_connect(socket, *found, via(ctx));
        EXPECT_EQ(endpoint.value().port(), port);
        std::string line = "hello";
        (void)co_await asio::async_write(socket, asio::buffer(line), via(ctx));
        line.assign(16, ' ');
        const auto n = co_await asio::async_read(socket, asio::buffer(line), via(ctx));
        EXPECT_EQ(n.error(), make_error_code(asio::error::eof));
        *out = line.substr(0, 5);
      },
      io, acceptor.local_endpoint().port(), &answered);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(served, "hello");
  EXPECT_EQ(answered, "hello");
}

TEST_F(ViaTest, AnErrorAndSeveralValuesGiveATuple) {
  Manual<Error, int, std::string> op;
  std::vector<Result<std::tuple<int, std::string>>> got;
  const auto run = [](Context ctx, auto* o, auto* out) -> Task<> {
    for (int i = 0; i < 2; ++i) {
      auto r = co_await o->start(via(ctx));
      out->push_back(std::move(r));
    }
  };
  start(run, &op, &got);
  op.complete({}, 7, "seven");
  poll();
  op.complete(make_error_code(asio::error::fault), 0, "");
  poll();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].value(), std::tuple(7, std::string("seven")));
  EXPECT_EQ(got[1].error(), make_error_code(asio::error::fault));
}

TEST_F(ViaTest, LeadingExceptionBecomesItsErrorOrIsRethrown) {
  Manual<std::exception_ptr, int> op;
  std::vector<std::string> got;
  start(
      [](Context ctx, Manual<std::exception_ptr, int>* o, std::vector<std::string>* out) -> Task<> {
        for (int i = 0; i < 3; ++i) {
          try {
            const auto r = co_await o->start(via(ctx));
            out->push_back(r ? std::to_string(*r) : r.error().message());
          } catch (const std::logic_error& e) {
            out->push_back(std::string("thrown: ") + e.what());
          }
        }
      },
      &op, &got);
  op.complete(nullptr, 5);
  poll();
  op.complete(std::make_exception_ptr(std::system_error(errc::closed)), 0);
  poll();
  op.complete(std::make_exception_ptr(std::logic_error("odd")), 0);
  poll();
  EXPECT_EQ(got, (std::vector<std::string>{"5", Error(errc::closed).message(), "thrown: odd"}));
}

TEST_F(ViaTest, ExceptionAloneOrWithValuesFollowsSameRule) {
  Manual<std::exception_ptr> alone;
  Manual<std::exception_ptr, int, std::string> with_values;
  std::optional<Result<>> a;
  std::optional<Result<std::tuple<int, std::string>>> b;
  start(
      [](Context ctx, auto* o, auto* p, auto* x, auto* y) -> Task<> {
        *x = co_await o->start(via(ctx));
        *y = co_await p->start(via(ctx));
      },
      &alone, &with_values, &a, &b);
  alone.complete(nullptr);
  poll();
  with_values.complete(nullptr, 1, "one");
  poll();
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(*a);
  EXPECT_EQ(b->value(), std::tuple(1, std::string("one")));
}

TEST_F(ViaTest, WithoutAnErrorFirstTheValuesComePlain) {
  Manual<int> one;
  Manual<int, std::string> two;
  Manual<Counted> object;
  std::string got;
  start(
      [](Context ctx, asio::io_context& service, auto* o, auto* t, auto* c, std::string* out) -> Task<> {
        co_await asio::post(service, via(ctx));
        const int a = co_await o->start(via(ctx));
        const auto [b, text] = co_await t->start(via(ctx));
        const Counted counted = co_await c->start(via(ctx));
        *out = std::to_string(a) + std::to_string(b) + text + std::to_string(counted.value);
      },
      io, &one, &two, &object, &got);
  poll();
  one.complete(1);
  poll();
  two.complete(2, "three");
  poll();
  object.complete(Counted(4));
  poll();
  EXPECT_EQ(got, "12three4");
}

TEST_F(ViaTest, AnOperationMayCompleteInsideItsInitiation) {
  bool went_on = false;
  start(
      [](Context ctx, asio::io_context& service, bool* out) -> Task<> {
        co_await asio::dispatch(service, via(ctx));
        *out = true;
      },
      io, &went_on);
  EXPECT_TRUE(went_on);
}

TEST_F(ViaTest, APartialCountIsStored) {
  auto [ctx, cancel] = with_cancel(root());
  std::size_t count = 99;
  std::optional<Result<std::size_t>> got;
  start_under(
      ctx,
      [](Context c, Stream& stream, std::size_t* n, auto* out) -> Task<> {
        std::array<char, 10> data;
        *out = co_await asio::async_read(stream, asio::buffer(data), via(c, *n));
      },
      near, &count, &got);
  asio::write(far, asio::buffer("four", 4));
  poll();
  EXPECT_FALSE(got);
  cancel();
  poll();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error(), errc::canceled);
  EXPECT_EQ(count, 4u);
}

TEST_F(ViaTest, StoresPartialCountOnWriteTimeoutAndSuccess) {
  std::size_t written = 0, read = 0;
  std::optional<Result<std::size_t>> got, all;
  const std::string much(1 << 20, 'x');  // more than the socket's buffers take
  start(
      [](Context ctx, Stream& stream, const std::string* text, std::size_t* n, auto* out) -> Task<> {
        auto [timed, cancel] = with_timeout(ctx, 1s);
        *out = co_await asio::async_write(stream, asio::buffer(*text), via(timed, *n));
      },
      near, &much, &written, &got);
  start(
      [](Context ctx, Stream& stream, std::size_t* n, auto* out) -> Task<> {
        std::array<char, 10> data;
        *out = co_await asio::async_read(stream, asio::buffer(data), via(ctx, *n));
      },
      far, &read, &all);
  advance(1s);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error(), errc::deadline_exceeded);
  EXPECT_GT(written, 0u);
  EXPECT_LT(written, much.size());
  ASSERT_TRUE(all);
  EXPECT_EQ(all->value(), 10u);
  EXPECT_EQ(read, 10u);
}

TEST_F(ViaTest, PartialCountOfUnstartedOperationIsZero) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  std::size_t count = 99;
  start_under(
      ctx,
      [](Context c, Stream& stream, std::size_t* n) -> Task<> {
        std::array<char, 10> data;
        (void)co_await asio::async_read(stream, asio::buffer(data), via(c, *n));
      },
      near, &count);
  EXPECT_EQ(count, 0u);
}

// --- cancellation ---

TEST_F(ViaTest, UnderADoneContextItFailsAtOnceAndIsNotStarted) {
  auto [canceled, cancel] = with_cancel(root());
  cancel(errc::disconnected);
  auto [late, cancel_late] = with_timeout(root(), 0s);
  Manual<Error> op;
  std::vector<Error> got;
  const auto run = [](Context ctx, Manual<Error>* o, std::vector<Error>* out) -> Task<> {
    const auto r = co_await o->start(via(ctx));
    out->push_back(r.error());
  };
  start_under(canceled, run, &op, &got);
  start_under(late, run, &op, &got);
  EXPECT_EQ(op.started, 0);
  EXPECT_EQ(got, (std::vector<Error>{errc::canceled, errc::deadline_exceeded})) << "the error, not the cause";
}

TEST_F(ViaTest, FailsAtOnceOnDeadlineUnseenByLoop) {
  auto [ctx, cancel] = with_timeout(root(), 1s);
  Manual<Error> op;
  Error got;
  go(ctx, [](Context c, Manual<Error>* o, Error* out) -> Task<> {
    const auto r = co_await o->start(via(c));
    *out = r.error();
    EXPECT_EQ(c.err(), errc::deadline_exceeded) << "who reports it ends the context";
  }(ctx, &op, &got));
  clock.advance(1s);  // the task's turn comes first
  poll();
  EXPECT_EQ(op.started, 0);
  EXPECT_EQ(got, errc::deadline_exceeded);
}

TEST_F(ViaTest, ADoneContextDoesNotStarveOtherHandlers) {
  bool stop = false;
  long turns = 0;
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  go(ctx, [](Context c, Stream* stream, bool* s, long* count) -> Task<> {
    std::array<char, 1> data;
    while (!*s && *count < 1'000'000) {
      (void)co_await stream->async_read_some(asio::buffer(data), via(c));
      ++*count;
    }
  }(ctx, &near, &stop, &turns));
  asio::post(io, [&] { asio::post(io, [&] { stop = true; }); });
  poll();
  EXPECT_LT(turns, 1'000'000);
}

TEST_F(ViaTest, StartsAndStopsErrorlessOperationIfContextDone) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  Manual<int> op;
  int got = 0;
  start_under(
      ctx, [](Context c, Manual<int>* o, int* out) -> Task<> { *out = co_await o->start(via(c)); }, &op,
      &got);
  EXPECT_EQ(op.started, 1);
  EXPECT_EQ(op.told_to_stop, 1);
  op.complete(3);
  poll();
  EXPECT_EQ(got, 3);
}

TEST_F(ViaTest, CancelEndsEveryOperationKindAndResumesLater) {
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  auto [ctx, cancel] = with_cancel(root());
  std::vector<Error> got;
  start_under(
      ctx,
      [](Context c, asio::io_context& service, std::vector<Error>* out) -> Task<> {
        asio::steady_timer timer(service, 1h);
        const auto r = co_await timer.async_wait(via(c));
        out->push_back(r.error());
      },
      io, &got);
  start_under(
      ctx,
      [](Context c, Stream& stream, std::vector<Error>* out) -> Task<> {
        const auto r = co_await stream.async_wait(Stream::wait_read, via(c));
        out->push_back(r.error());
      },
      near, &got);
  start_under(
      ctx,
      [](Context c, tcp::acceptor* listener, std::vector<Error>* out) -> Task<> {
        const auto r = co_await listener->async_accept(via(c));
        out->push_back(r.error());
      },
      &acceptor, &got);
  start_under(
      ctx,
      [](Context c, Stream& stream, std::vector<Error>* out) -> Task<> {
        std::array<char, 10> data;
        const auto r = co_await asio::async_read(stream, asio::buffer(data), via(c));
        out->push_back(r.error());
      },
      far, &got);
  EXPECT_EQ(live_tasks(loop), 4u);
  cancel(errc::shutdown);
  EXPECT_TRUE(got.empty());
  poll();
  EXPECT_EQ(got, std::vector<Error>(4, errc::canceled));
}

TEST_F(ViaTest, ADeadlineGivesDeadlineExceededAndNotBefore) {
  auto [ctx, cancel] = with_timeout(root(), 1s);
  Error got;
  start_under(
      ctx,
      [](Context c, Stream& stream, Error* out) -> Task<> {
        std::array<char, 10> data;
        const auto r = co_await stream.async_read_some(asio::buffer(data), via(c));
        *out = r.error();
      },
      near, &got);
  advance(1s - 1ns);
  EXPECT_EQ(got, Error());
  advance(1ns);
  EXPECT_EQ(got, errc::deadline_exceeded);
}

// Time that moves without the loop's notice, as it does between two turns.
class JumpingClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return time; }
  void on_move(const void*, std::function<void()>) override {}
  TimePoint time{1h};
};

TEST(ViaAndTime, NamesDeadlinePassedDuringStart) {
  asio::io_context io{1};
  JumpingClock jumping;
  Loop loop{io, {.clock = &jumping}};
  asio::steady_timer timer(io, 1h);
  Error got;
  go(loop.background(), [](Context ctx, asio::steady_timer* t, JumpingClock* clock, Error* out) -> Task<> {
    auto [timed, cancel] = with_timeout(ctx, 1s);
    const auto starts = [](auto handler, asio::steady_timer* pending, JumpingClock* moved) {
      pending->async_wait(std::move(handler));
      moved->time += 1s;
    };
    const auto token = via(timed);
    auto operation = asio::async_initiate<const Via, void(Error)>(starts, token, t, clock);
    const auto r = co_await operation;
    *out = r.error();
    EXPECT_EQ(timed.err(), errc::deadline_exceeded) << "who reports it ends the context";
  }(loop.background(), &timer, &jumping, &got));
  io.poll();
  EXPECT_EQ(got, errc::deadline_exceeded);
}

TEST_F(ViaTest, QueuedSuccessWinsAndNextAwaitSeesContextEnd) {
  auto [ctx, cancel] = with_cancel(root());
  asio::write(far, asio::buffer("data", 4));
  std::vector<std::string> got;
  go(ctx, [](Context c, Stream* stream, Cancel* stop, std::vector<std::string>* out) -> Task<> {
    std::array<char, 2> data;
    auto first = stream->async_read_some(asio::buffer(data), via(c));  // it has the data already
    (*stop)();
    const auto n = co_await first;
    if (n) out->emplace_back(data.data(), *n);
    const auto r = co_await stream->async_read_some(asio::buffer(data), via(c));
    out->push_back(r ? "more" : r.error().message());
  }(ctx, &near, &cancel, &got));
  poll();
  EXPECT_EQ(got, (std::vector<std::string>{"da", Error(errc::canceled).message()}));
}

TEST_F(ViaTest, AbortNotCausedByContextKeepsItsError) {
  Error got;
  start(
      [](Context ctx, Stream& stream, Error* out) -> Task<> {
        std::array<char, 10> data;
        const auto r = co_await stream.async_read_some(asio::buffer(data), via(ctx));
        *out = r.error();
      },
      near, &got);
  near.cancel();
  poll();
  EXPECT_EQ(got, make_error_code(asio::error::operation_aborted));
}

TEST_F(ViaTest, OwnFailureKeepsItsErrorUnderDoneContext) {
  auto [ctx, cancel] = with_cancel(root());
  Manual<Error> op;
  Manual<std::exception_ptr> other;
  std::vector<Error> got;
  start_under(
      ctx,
      [](Context c, auto* o, auto* p, std::vector<Error>* out) -> Task<> {
        auto a = o->start(via(c));
        auto b = p->start(via(c));
        const auto first = co_await a;
        out->push_back(first.error());
        const auto second = co_await b;
        out->push_back(second.error());
      },
      &op, &other, &got);
  cancel();
  EXPECT_EQ(op.told_to_stop, 1);
  EXPECT_EQ(other.told_to_stop, 1);
  op.complete(make_error_code(asio::error::connection_reset));
  other.complete(std::make_exception_ptr(std::system_error(make_error_code(asio::error::operation_aborted))));
  poll();
  EXPECT_EQ(got, (std::vector<Error>{make_error_code(asio::error::connection_reset), errc::canceled}));
}

TEST_F(ViaTest, LinksIntoContextExactlyWhilePending) {
  auto [ctx, cancel] = with_cancel(root());
  start(
      [](Context, Context c, Stream* a, Stream* b) -> Task<> {
        std::array<char, 1> data{'x'};
        for (int i = 0; i < 100; ++i) {
          auto read = a->async_read_some(asio::buffer(data), via(c));
          EXPECT_FALSE(nothing_linked(c));
          (void)co_await asio::async_write(*b, asio::buffer(data), via(c));
          (void)co_await read;
          EXPECT_TRUE(nothing_linked(c));
        }
      },
      ctx, &near, &far);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  cancel();  // and nobody is there to be told
  poll();
}

TEST_F(ViaTest, UnderWithoutCancelTheParentsEndDoesNotMatter) {
  auto [ctx, cancel] = with_cancel(root());
  Manual<Error> op;
  bool succeeded = false;
  start(
      [](Context, Context c, Manual<Error>* o, bool* out) -> Task<> {
        const auto r = co_await o->start(via(c));
        *out = r.has_value();
      },
      without_cancel(ctx), &op, &succeeded);
  cancel();
  poll();
  EXPECT_EQ(op.told_to_stop, 0);
  op.complete({});
  poll();
  EXPECT_TRUE(succeeded);
}

// --- operations that cannot be canceled ---

TEST_F(ViaTest, MarksAndAwaitsUncancelableOperation) {
  auto [ctx, cancel] = with_cancel(root());
  Manual<Error, int> op(false);
  std::vector<Result<int>> got;
  start_under(
      ctx,
      [](Context c, Manual<Error, int>* o, std::vector<Result<int>>* out) -> Task<> {
        for (int i = 0; i < 2; ++i) {
          const auto r = co_await o->start(via(c));
          out->push_back(r);
        }
      },
      &op, &got);
  ASSERT_EQ(snapshot(loop).size(), 1u);
  EXPECT_TRUE(snapshot(loop)[0].uncancellable);
  EXPECT_EQ(snapshot(loop)[0].wait, WaitKind::io_wait);
  cancel();
  poll();
  EXPECT_TRUE(got.empty());
  op.complete({}, 9);
  poll();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].value(), 9) << "it succeeded after all";
  EXPECT_EQ(got[1].error(), errc::canceled) << "and the next await saw the context";
}

TEST_F(ViaTest, AnAddressLookUpIsAbandoned) {
  tcp::resolver resolver(io);
  std::vector<Error> got;
  {
    auto [ctx, cancel] = with_cancel(root());
    go(ctx, [](Context c, tcp::resolver* r, Cancel* stop, std::vector<Error>* out) -> Task<> {
      auto look_up = r->async_resolve("127.0.0.1", "80", via(c));
      (*stop)();  // in the turn of its start: the answer cannot have come
      const auto found = co_await look_up;
      out->push_back(found ? Error() : found.error());
    }(ctx, &resolver, &cancel, &got));
    io.run_one();
    EXPECT_EQ(got, (std::vector<Error>{errc::canceled}));
    EXPECT_EQ(live_tasks(loop), 0u);
  }
  EXPECT_TRUE(eventually([&] { return loop.metrics()->contexts_held.get() == 0; })) << "the answer came late";
}

// As asio's: it cannot be canceled and owns all its memory, and starting it takes time.
template <class Token>
auto resolve_slowly(ManualClock& clock, std::move_only_function<void()>& answer, Token&& token) {
  using Results = tcp::resolver::results_type;
  return asio::async_initiate<Token, void(Error, Results)>(
      [&](auto handler) {
        clock.advance(2ms);
        answer = [h = std::move(handler)]() mutable { std::move(h)(Error(), Results()); };
      },
      token);
}

TEST_F(ViaTest, AbandonsAddressLookupExpiredBeforeItsStart) {
  std::move_only_function<void()> answer;
  Error got;
  auto [ctx, cancel] = with_timeout(root(), 1ms);
  start_under(
      ctx,
      [](Context c, ManualClock* time, std::move_only_function<void()>* at, Error* out) -> Task<> {
        const auto found = co_await resolve_slowly(*time, *at, via(c));
        *out = found ? Error() : found.error();
      },
      &clock, &answer, &got);
  poll();
  EXPECT_EQ(got, errc::deadline_exceeded);
  EXPECT_EQ(live_tasks(loop), 0u);
  answer();
  answer = nullptr;
}

// --- frames that go first ---

Task<> reads(Context ctx, Stream stream, Counted) {
  std::array<char, 64> data;
  const Counted local(1);
  (void)co_await asio::async_read(stream, asio::buffer(data), via(ctx));
  ADD_FAILURE() << "resumed";
}
Task<> waits(Context ctx, asio::io_context& service, Counted) {
  asio::steady_timer timer(service, 1h);
  (void)co_await timer.async_wait(via(ctx));
  ADD_FAILURE() << "resumed";
}
Task<> accepts(Context ctx, asio::io_context& service, Counted) {
  tcp::acceptor acceptor(service, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  (void)co_await acceptor.async_accept(via(ctx));
  ADD_FAILURE() << "resumed";
}
Task<> blocked(Context ctx, Manual<Error>* op, Counted) {
  (void)co_await op->start(via(ctx));
  ADD_FAILURE() << "resumed";
}

TEST_F(ViaTest, UnjoinedScopeDestroysFramesOfOperationsInFlight) {
  Manual<Error> stubborn(false), slow;
  bool ended = false;
  start(
      [](Context ctx, asio::io_context& service, Stream* stream, Manual<Error>* a, Manual<Error>* b,
         bool* out) -> Task<> {
        {
          Scope s(ctx);
          s.go(reads(s.ctx(), std::move(*stream), Counted(1)));
          s.go(waits(s.ctx(), service, Counted(2)));
          s.go(accepts(s.ctx(), service, Counted(3)));
          s.go(blocked(s.ctx(), a, Counted(4)));
          s.go(blocked(s.ctx(), b, Counted(5)));
          (void)co_await sleep(ctx, 1s);
          EXPECT_EQ(Counted::alive, 6);
        }
        EXPECT_EQ(Counted::alive, 4)
            << "on the spot, but for those whose operations may use what they were given";
        *out = true;
      },
      io, &near, &stubborn, &slow, &ended);
  EXPECT_EQ(live_tasks(loop), 6u);
  advance(1s);
  EXPECT_TRUE(ended);
  EXPECT_EQ(slow.told_to_stop, 1);
  EXPECT_EQ(Counted::alive, 2) << "the composed read has returned";
  stubborn.complete({});
  slow.complete(make_error_code(asio::error::operation_aborted));
  EXPECT_EQ(Counted::alive, 0);
}

// Its result is there, and it is not told any more.
Task<> receives(Context ctx, Manual<Error, Counted>* op, Counted) {
  (void)co_await op->start(via(ctx));
  ADD_FAILURE() << "resumed";
}
Task<> holds(Context ctx, Manual<Error, Counted>* op, Counted) {
  auto operation = op->start(via(ctx));
  co_await sleep(1h);
  ADD_FAILURE() << "resumed";
  (void)co_await operation;
}

TEST_F(ViaTest, UnjoinedScopeDestroysFramesWithUndeliveredResults) {
  Manual<Error, Counted> awaited, held;
  bool ended = false;
  start(
      [](Context ctx, auto* a, auto* b, bool* out) -> Task<> {
        {
          Scope s(ctx);
          s.go(receives(s.ctx(), a, Counted(1)));
          s.go(holds(s.ctx(), b, Counted(2)));
          (void)co_await sleep(ctx, 1s);
          a->complete({}, Counted(3));  // inside this turn: its task is ready, and does not run any more
          b->complete({}, Counted(4));
          EXPECT_EQ(Counted::alive, 4) << "two parameters, two results";
        }
        EXPECT_EQ(Counted::alive, 0) << "on the spot";
        *out = true;
      },
      &awaited, &held, &ended);
  advance(1s);
  EXPECT_TRUE(ended);
  EXPECT_EQ(awaited.told_to_stop + held.told_to_stop, 0) << "they had ended";
  EXPECT_TRUE(nothing_linked(root()));
}

TEST(ViaAndLoop, LoopEndsWithUndeliveredResults) {
  expect_leaks();
  Manual<Error, Counted> awaited, held;
  Manual<Error> stopped;
  stopped.on_stop = [&] {  // inside a cancel, which resumes nobody
    awaited.complete({}, Counted(4));
    stopped.complete(make_error_code(asio::error::operation_aborted));
  };
  {
    asio::io_context io{1};
    Loop loop{io};
    auto [ctx, cancel] = with_cancel(loop.background());
    go(loop.background(), receives(loop.background(), &awaited, Counted(1)));
    go(loop.background(), holds(loop.background(), &held, Counted(2)));
    go(ctx, blocked(ctx, &stopped, Counted(3)));
    io.poll();
    held.complete({}, Counted(5));
    cancel();
    EXPECT_EQ(stopped.told_to_stop, 1);
    EXPECT_EQ(Counted::alive, 5) << "three parameters, two results";
  }
  EXPECT_EQ(Counted::alive, 0);
  Counted::alive = 0;
}

TEST_F(ViaTest, UnawaitedOperationIsCanceled) {
  Manual<Error> op;
  start(
      [](Context ctx, Manual<Error>* o) -> Task<> {
        { auto dropped = o->start(via(ctx)); }
        EXPECT_EQ(o->told_to_stop, 1);
        co_return;
      },
      &op);
  EXPECT_EQ(op.started, 1);
  EXPECT_TRUE(nothing_linked(root()));
  op.complete(make_error_code(asio::error::operation_aborted));
}

TEST_F(ViaTest, AnOperationRunsFromItsCallOn) {
  Manual<Error, int> a, b;
  std::vector<int> got;
  start(
      [](Context ctx, auto* x, auto* y, std::vector<int>* out) -> Task<> {
        auto first = x->start(via(ctx));
        auto second = y->start(via(ctx));
        const auto r = co_await first;
        out->push_back(r.value_or(-1));
        const auto s = co_await second;
        out->push_back(s.value_or(-1));
      },
      &a, &b, &got);
  b.complete({}, 2);
  poll();
  EXPECT_TRUE(got.empty());
  a.complete({}, 1);
  poll();
  EXPECT_EQ(got, (std::vector<int>{1, 2}));
}

TEST(ViaAndLoop, ALoopIsDestroyedWithOperationsOfEveryKindInFlight) {
  expect_leaks();
  {
    asio::io_context io{1};
    Manual<Error> stubborn(false);
    Stream near(io), far(io);
    asio::local::connect_pair(near, far);
    {
      Loop loop{io};
      go(loop.background(), reads(loop.background(), std::move(near), Counted(1)));
      go(loop.background(), waits(loop.background(), io, Counted(2)));
      go(loop.background(), accepts(loop.background(), io, Counted(3)));
      go(without_cancel(loop.background()), waits(without_cancel(loop.background()), io, Counted(4)));
      go(loop.background(), blocked(loop.background(), &stubborn, Counted(5)));
      go(loop.background(), [](Context ctx, asio::io_context& service) -> Task<> {
        Scope s(ctx);
        s.go(waits(s.ctx(), service, Counted(6)));
        (void)co_await s.join();
        ADD_FAILURE() << "resumed";
      }(loop.background(), io));
      io.poll();
      EXPECT_EQ(live_tasks(loop), 7u);
      EXPECT_EQ(Counted::alive, 7);
    }
    EXPECT_EQ(Counted::alive, 1) << "the operation may use what it was given";
    stubborn.complete({});  // its loop is no more
    EXPECT_EQ(Counted::alive, 0);
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(ViaAndLoop, IoContextEndsWithHandlersOfEndedLoop) {
  expect_leaks();
  Counted::alive = 0;
  {
    asio::io_context io{1};
    {
      Loop loop{io};
      // Completions that are queued, not run: their handlers die with the io_context.
      go(loop.background(), [](Context ctx, asio::io_context& service) -> Task<> {
        const Counted local(1);
        auto timer = std::make_unique<asio::steady_timer>(service, 1h);
        Scope s(ctx);
        auto operation = timer->async_wait(via(s.ctx()));
        s.cancel();
        (void)co_await asio::post(service, via(ctx));
        (void)co_await operation;
      }(loop.background(), io));
      io.poll_one();
    }
  }
  EXPECT_EQ(Counted::alive, 0);
}

// --- threads ---

// Completes on a thread of its own.
template <class Token>
auto on_another_thread(std::vector<std::thread>& threads, asio::io_context& io, int value, Token&& token) {
  return asio::async_initiate<Token, void(Error, int)>(
      [](auto handler, std::vector<std::thread>* into, asio::io_context* service, int v) {
        into->emplace_back([h = std::move(handler), work = asio::make_work_guard(*service), v]() mutable {
          const auto executor = asio::get_associated_executor(h);
          asio::post(executor, [h = std::move(h), v]() mutable { h(Error(), v); });
        });
      },
      token, &threads, &io, value);
}

TEST_F(ViaTest, OperationsMayCompleteFromOtherThreads) {
  std::vector<std::thread> threads;
  int sum = 0;
  for (int i = 1; i <= 8; ++i) {
    start(
        [](Context ctx, std::vector<std::thread>* into, asio::io_context& service, int value,
           int* out) -> Task<> {
          const auto r = co_await on_another_thread(*into, service, value, via(ctx));
          *out += r.value_or(-100);
        },
        &threads, io, i, &sum);
  }
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 36);
}

// Operations of an execution context that runs on other threads: what they complete with comes home.
TEST_F(ViaTest, ThreadPoolOperationsResumeOnLoop) {
  asio::thread_pool pool(2);
  const auto home = std::this_thread::get_id();
  std::vector<std::string> got;
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx,
      [](Context c, asio::thread_pool* threads, std::thread::id loop_thread, Cancel* stop,
         std::vector<std::string>* out) -> Task<> {
        const auto where = [loop_thread] {
          return std::this_thread::get_id() == loop_thread ? "home" : "elsewhere";
        };
        co_await asio::post(*threads, via(c));
        out->emplace_back(where());
        asio::steady_timer timer(*threads, 1ms);
        const auto waited = co_await timer.async_wait(via(c));
        out->emplace_back(waited ? where() : "failed");
        timer.expires_after(1h);
        auto pending = timer.async_wait(via(c));
        (*stop)();
        const auto told = co_await pending;
        out->emplace_back(told.error() == errc::canceled ? where() : "not told");
      },
      &pool, home, &cancel, &got);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(got, (std::vector<std::string>{"home", "home", "home"}));
}

TEST_F(ViaTest, AContextCanceledFromOtherThreadsEndsItsOperations) {
  auto [ctx, cancel] = with_cancel(root());
  int canceled = 0;
  for (int i = 0; i < 50; ++i) {
    start_under(
        ctx,
        [](Context c, asio::io_context& service, int* out) -> Task<> {
          asio::steady_timer timer(service, 1h);
          const auto r = co_await timer.async_wait(via(c));
          if (!r && r.error() == errc::canceled) ++*out;
        },
        io, &canceled);
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([remote = cancel.remote()] { remote(); });
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(canceled, 50);
}

}  // namespace
}  // namespace leash
