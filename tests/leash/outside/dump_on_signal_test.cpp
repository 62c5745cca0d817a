// SPDX-License-Identifier: BSL-1.0
#include "leash/dump_on_signal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

Task<> wait_for_ever(Channel<int> ch) { (void)co_await ch.receive(); }

// The text that a process writes to standard error while it runs `f`. Afterwards the process ends at once.
template <class F>
std::string errors_of_child(F f) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    f();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char piece[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return text;
}

// Reads what is written to standard error until it ends with `end`.
class ErrorPipe {
 public:
  ErrorPipe() {
    int ends[2];
    if (::pipe(ends) != 0) ::abort();
    before_ = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    from_ = ends[0];
  }
  ~ErrorPipe() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    ::close(from_);
  }
  std::string until(std::string_view end) {
    std::string text;
    char piece[4096];
    while (!text.ends_with(end)) {
      const ssize_t got = ::read(from_, piece, sizeof piece);
      if (got <= 0) break;
      text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  int before_;
  int from_;
};

constexpr std::string_view end_of_dump = "leash: end of the dump\n";

TEST(DumpOnSignal, ShowsTasksOfStuckLoop) {
  Channel<int> ch;
  asio::io_context io{1};
  std::latch stuck{1};
  std::latch may_go_on{1};
  std::string text;
  {
    Loop loop(io);
    for (int i = 0; i < 3; ++i) go(loop.background(), wait_for_ever(ch), "waiter");
    asio::post(io, [&] {
      stuck.count_down();
      may_go_on.wait();
      ch.close();
    });
    std::thread runs([&] { (void)loop.run(); });
    stuck.wait();
    ASSERT_TRUE(dump_on_signal(SIGUSR2));
    ErrorPipe errors;
    std::raise(SIGUSR2);
    text = errors.until(end_of_dump);
    std::raise(SIGUSR2);
    EXPECT_TRUE(errors.until(end_of_dump).starts_with("leash: dump of process ")) << "a second one";
    may_go_on.count_down();
    runs.join();
  }
  EXPECT_TRUE(text.starts_with("leash: dump of process " + std::to_string(::getpid()) + ": 3 of 3 tasks\n"))
      << text;
  EXPECT_NE(text.find("3 tasks like this one"), std::string::npos) << text;
  EXPECT_NE(text.find("[chan receive, "), std::string::npos) << text;
  EXPECT_NE(text.find("    wait_for_ever        tests/leash/outside/dump_on_signal_test.cpp:"),
            std::string::npos)
      << text;
}

TEST(DumpOnSignal, InterruptsNoCallOfTheProgram) {
  ASSERT_TRUE(dump_on_signal(SIGWINCH));
  struct sigaction action {};
  ASSERT_EQ(::sigaction(SIGWINCH, nullptr, &action), 0);
  EXPECT_NE(action.sa_flags & SA_RESTART, 0);
  ::signal(SIGWINCH, SIG_DFL);
}

TEST(DumpOnSignal, RefusesUncatchableSignal) {
  const Result<> set = dump_on_signal(SIGKILL);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(), std::errc::invalid_argument);
}

#ifndef LEASH_SANITIZED  // ThreadSanitizer never delivers signals in a fork, and starts no threads there
TEST(DumpOnSignal, ReportsItsAbsenceInForkedProcess) {
  ASSERT_TRUE(dump_on_signal(SIGUSR2));
  EXPECT_EQ(errors_of_child([] { std::raise(SIGUSR2); }),
            "leash: no dump: this process was forked after dump_on_signal; call it again in the child\n");
}

TEST(DumpOnSignal, TakesANameOrANumber) {
  for (const char* name : {"USR2", "SIGUSR2", "12"}) {
    EXPECT_EQ(errors_of_child([&] { detail::dump_on_signal_named(name); }), "") << name;
  }
  EXPECT_EQ(errors_of_child([] { detail::dump_on_signal_named("QUITE"); }),
            "leash: LEASH_DUMP_SIGNAL=QUITE: Invalid argument; allowed are a name such as QUIT or USR1, and "
            "a number\n");
}
#endif

}  // namespace
}  // namespace leash
