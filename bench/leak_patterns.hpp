// SPDX-License-Identifier: BSL-1.0
#pragma once
// Twelve ways to leak, each beside its cure, and what leash finds of them: bench/detectors compares that with Go's
// goroutineleak profile, whose twelve are in bench/go/leaks.
//
// What it is     each pattern is the handler of one request. find() runs it in a loop of its own, ends the request, moves
//                a manual clock by two seconds, and counts the tasks and contexts that leaked, stranded or outlived.
// Threads        one.
//
//   for (const leaks::Pattern& pattern : leaks::patterns) std::cout << leaks::to_text(leaks::find(pattern.leaky));

#include <array>
#include <asio/buffer.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "leash/channel.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/metrics.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/stranded.hpp"
#include "leash/via.hpp"
#include "leash/wait_group.hpp"

namespace leaks {

using namespace std::chrono_literals;
using leash::Channel;
using leash::Context;
using leash::go;
using leash::Task;
using leash::WaitGroup;

// What the process keeps beyond the request.
struct Kept {
  std::vector<Channel<int>> channels;
  std::vector<leash::Cancelable> contexts;
  std::list<asio::local::stream_protocol::socket> sockets;  // of an upstream that does not answer
};

struct Request {
  Context ctx;
  Context server;  // lives as long as the process
  Kept* kept;
};

using Handler = Task<> (*)(Request);

struct Pattern {
  const char* name;
  const char* about;
  Handler leaky;
  Handler fixed;
};

// --- workers: without a context, and with one ---

inline Task<> receive(Channel<int> from) { (void)co_await from.receive(); }
inline Task<> receive_under(Context ctx, Channel<int> from) { (void)co_await from.receive(ctx); }
inline Task<> send(Channel<int> to) { (void)co_await to.send(1); }
inline Task<> send_under(Context ctx, Channel<int> to) { (void)co_await to.send(ctx, 1); }
inline Task<> receive_all(Channel<int> from) {
  while (auto value = co_await from.receive()) {
  }
}
inline Task<> done_is_skipped(WaitGroup) { co_return; }
inline Task<> done_at_the_end(WaitGroup group) {
  group.done();
  co_return;
}
inline Task<> wait(WaitGroup group) { co_await group.wait(); }
inline Task<> poll() {
  for (;;) co_await leash::sleep(100ms);
}
inline Task<> poll_under(Context ctx) {
  for (leash::Result<> slept; slept;) slept = co_await leash::sleep(ctx, 100ms);
}
inline Task<> sleep_long() { co_await leash::sleep(1h); }
inline Task<> sleep_long_under(Context ctx) { (void)co_await leash::sleep(ctx, 1h); }
inline Task<> wait_until_done(Context ctx) { co_await ctx.done(); }
inline Task<> receive_then_send(Channel<int> from, Channel<int> to) {
  (void)co_await from.receive();
  (void)co_await to.send(1);
}
inline Task<> receive_then_send_under(Context ctx, Channel<int> from, Channel<int> to) {
  const leash::Result<int> received = co_await from.receive(ctx);
  if (!received) co_return;
  (void)co_await to.send(ctx, 1);
}
inline Task<> read(Context ctx, asio::local::stream_protocol::socket* upstream) {
  std::array<char, 16> bytes;
  const asio::mutable_buffer buffer = asio::buffer(bytes);
  (void)co_await upstream->async_read_some(buffer, leash::via(ctx));
}

// --- handlers ---

inline Task<> no_sender(Request request) {
  go(request.ctx, receive(Channel<int>()));
  co_return;
}
inline Task<> no_sender_fixed(Request request) {
  leash::Scope s(request.ctx);
  s.go(receive_under(s.ctx(), Channel<int>()));
  s.cancel();
  (void)co_await s.join();
}

inline Task<> first_of_three(Request request) {
  const Channel<int> answers;
  for (int i = 0; i < 3; ++i) go(request.ctx, send(answers));
  (void)co_await answers.receive(request.ctx);
}
inline Task<> first_of_three_fixed(Request request) {
  const Channel<int> answers;
  leash::Scope s(request.ctx);
  for (int i = 0; i < 3; ++i) s.go(send_under(s.ctx(), answers));
  (void)co_await answers.receive(s.ctx());
  s.cancel();
  (void)co_await s.join();
}

inline Task<> not_closed(Request request) {
  const Channel<int> values;
  go(request.ctx, receive_all(values));
  (void)co_await values.send(request.ctx, 1);
}
inline Task<> not_closed_fixed(Request request) {
  const Channel<int> values;
  go(request.ctx, receive_all(values));
  (void)co_await values.send(request.ctx, 1);
  values.close();
}

inline Task<> skipped_done(Request request) {
  const WaitGroup group;
  group.add();
  go(request.ctx, done_is_skipped(group));
  go(request.ctx, wait(group));
  co_return;
}
inline Task<> skipped_done_fixed(Request request) {
  const WaitGroup group;
  group.add();
  go(request.ctx, done_at_the_end(group));
  go(request.ctx, wait(group));
  co_return;
}

inline Task<> for_each_other(Request request) {
  const Channel<int> a, b;
  go(request.server, receive_then_send(a, b));
  go(request.server, receive_then_send(b, a));
  co_return;
}
inline Task<> for_each_other_fixed(Request request) {
  const Channel<int> a, b;
  leash::Scope s(request.ctx);
  s.go(receive_then_send_under(s.ctx(), a, b));
  s.go(receive_then_send_under(s.ctx(), b, a));
  s.cancel();
  (void)co_await s.join();
}

inline Task<> without_an_owner(Request request) {
  go(request.server, receive(Channel<int>()));
  co_return;
}
inline Task<> without_an_owner_fixed(Request request) {
  const Channel<int> values;
  go(request.server, receive(values));
  values.close();
  co_return;
}

inline Task<> endless_poller(Request request) {
  go(request.ctx, poll());
  co_return;
}
inline Task<> endless_poller_fixed(Request request) {
  go(request.ctx, poll_under(request.ctx));
  co_return;
}

inline Task<> long_sleep(Request request) {
  go(request.ctx, sleep_long());
  co_return;
}
inline Task<> long_sleep_fixed(Request request) {
  go(request.ctx, sleep_long_under(request.ctx));
  co_return;
}

inline asio::local::stream_protocol::socket* hung_upstream_of(const Request& request) {
  auto& io = leash::detail::io_context_of(*request.ctx.node().signal->loop);
  auto& ours = request.kept->sockets.emplace_back(io);
  auto& theirs = request.kept->sockets.emplace_back(io);
  asio::local::connect_pair(ours, theirs);
  return &ours;
}
inline Task<> hung_upstream(Request request) {
  go(request.ctx, read(without_cancel(request.ctx), hung_upstream_of(request)));
  co_return;
}
inline Task<> hung_upstream_fixed(Request request) {
  go(request.ctx, read(request.ctx, hung_upstream_of(request)));
  co_return;
}

inline Task<> kept_channel(Request request) {
  request.kept->channels.emplace_back();
  go(request.ctx, receive(request.kept->channels.back()));
  co_return;
}
inline Task<> kept_channel_fixed(Request request) {
  request.kept->channels.emplace_back();
  go(request.ctx, receive(request.kept->channels.back()));
  request.kept->channels.back().close();
  co_return;
}

inline Task<> kept_cancel(Request request) {
  request.kept->contexts.push_back(leash::with_cancel(request.server));
  go(request.ctx, wait_until_done(request.kept->contexts.back().ctx));
  co_return;
}
inline Task<> kept_cancel_fixed(Request request) {
  request.kept->contexts.push_back(leash::with_cancel(request.ctx));
  go(request.ctx, wait_until_done(request.kept->contexts.back().ctx));
  co_return;
}

inline Task<> kept_deadline(Request request) {
  request.kept->contexts.push_back(leash::with_timeout(request.server, 1h));
  co_return;
}
inline Task<> kept_deadline_fixed(Request request) {
  request.kept->contexts.push_back(leash::with_timeout(request.ctx, 1h));
  co_return;
}

inline constexpr std::array<Pattern, 12> patterns{{
    {"no sender", "a receive from a channel without a sender", no_sender, no_sender_fixed},
    {"first of three", "one answer is taken, two senders wait", first_of_three, first_of_three_fixed},
    {"not closed", "a loop over a channel that its sender does not close", not_closed, not_closed_fixed},
    {"skipped done", "an early return goes past the wait group's done", skipped_done, skipped_done_fixed},
    {"for each other", "two tasks, each waits for what the other would send", for_each_other,
     for_each_other_fixed},
    {"without an owner", "started for good, and its channel is dropped", without_an_owner,
     without_an_owner_fixed},
    {"endless poller", "a loop with a timer that is never told to stop", endless_poller,
     endless_poller_fixed},
    {"long sleep", "a pause of an hour before a retry", long_sleep, long_sleep_fixed},
    {"hung upstream", "a read from a peer that never answers", hung_upstream, hung_upstream_fixed},
    {"kept channel", "a receive from a channel that a global list keeps", kept_channel, kept_channel_fixed},
    {"kept cancel", "waits for a context whose cancel a global list keeps", kept_cancel, kept_cancel_fixed},
    {"kept deadline", "no task: a context with a deadline in an hour", kept_deadline, kept_deadline_fixed},
}};

struct Found {
  std::uint64_t leaked = 0;
  std::uint64_t stranded = 0;
  std::uint64_t outlived = 0;
  bool any() const noexcept { return leaked != 0 || stranded != 0 || outlived != 0; }
};

inline std::string to_text(const Found& found) {
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count == 0) return;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(found.leaked, "leaked");
  add(found.stranded, "stranded");
  add(found.outlived, "outlived");
  return text.empty() ? "nothing" : text;
}

inline Found find(Handler handler) {
  asio::io_context io{1};
  Kept kept;
  leash::ManualClock clock;
  leash::LoopOptions options;
  options.clock = &clock;
  leash::Loop loop{io, std::move(options)};
  const auto run = [&] {
    io.restart();
    io.poll();
  };
  {
    auto [ctx, end] = leash::with_cancel(loop.background(), leash::Label("request", 1));
    go(ctx, handler(Request{ctx, loop.background(), &kept}));
    run();
    end(leash::errc::finished);
  }
  for (int i = 0; i < 20; ++i) {
    run();
    clock.advance(100ms);
  }
  run();
  leash::find_stranded(loop);
  Found found;
  for (const leash::SiteMetrics& site : loop.metrics()->sites()) {
    found.leaked += site.leaked_now();
    found.outlived += site.contexts_outlived.get();
    for (const leash::Figure& figure : site.stranded) found.stranded += figure.get();
  }
  return found;
}

}  // namespace leaks
