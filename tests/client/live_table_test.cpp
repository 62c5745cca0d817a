// SPDX-License-Identifier: BSL-1.0
// `leash-client tasks --watch` and `tree --watch` on a terminal: the screen, changes of its size, and the restored terminal at the end.

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/text.hpp"
#include "tests/support/server_process.hpp"

namespace {

using namespace std::chrono_literals;
using support::ServerProcess;

constexpr std::string_view enters = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view leaves = "\x1b[?25h\x1b[?1049l";

// leash-client on a terminal of its own.
class OnTerminal {
 public:
  OnTerminal(std::vector<std::string> arguments, unsigned short width, unsigned short height,
             const char* kind = "xterm") {
    const winsize size{height, width, 0, 0};
    pid_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      ::setenv("TERM", kind, 1);
      arguments.insert(arguments.begin(), LEASH_CLIENT_BINARY);
      std::vector<char*> argv;
      for (std::string& word : arguments) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::tcgetattr(terminal_, &before_);
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;
  ~OnTerminal() {
    if (!status_) ::kill(pid_, SIGKILL);
    (void)wait();
    ::close(terminal_);
  }

  void press(std::string_view keys) const { (void)!::write(terminal_, keys.data(), keys.size()); }
  void resize(unsigned short width, unsigned short height) const {
    const winsize size{height, width, 0, 0};
    ::ioctl(terminal_, TIOCSWINSZ, &size);
  }
  void signal(int number) const { ::kill(pid_, number); }

  // Reads until the condition is true, for at most ten seconds.
  bool becomes(auto holds) {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > give_up || !read_some()) return holds();
    }
    return true;
  }
  bool shows(std::string_view text) {
    return becomes([&] { return frame().contains(text); });
  }
  bool wrote(std::string_view text) {
    return becomes([&] { return output_.contains(text); });
  }

  // The last frame that is complete, without colors.
  std::string frame() const {
    const std::size_t end = output_.rfind("\x1b[?2026l");
    if (end == std::string::npos) return {};
    const std::size_t start = output_.rfind("\x1b[H", end);
    return plain(output_.substr(start + 3, end - start - 3));
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all(1);
    for (const char c : frame()) {
      if (c == '\n') all.emplace_back();
      if (c != '\n' && c != '\r') all.back() += c;
    }
    return all;
  }
  const std::string& output() const { return output_; }

  // The exit status, or 128 and a signal.
  int wait() {
    while (read_some()) {
    }
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, 0) == pid_) {
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return status_.value_or(-1);
  }
  bool is_as_before() const {
    termios now{};
    ::tcgetattr(terminal_, &now);
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag;
  }
  bool echoes() const {
    termios now{};
    ::tcgetattr(terminal_, &now);
    return (now.c_lflag & ECHO) != 0;
  }
  bool is_stopped() const {
    int status = 0;
    return ::waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status);
  }

 private:
  static std::string plain(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\x1b') {
        i = text.find_first_of("mK", i);
      } else {
        out += text[i];
      }
    }
    return out;
  }
  bool read_some() {
    pollfd state{terminal_, POLLIN, 0};
    if (::poll(&state, 1, 200) == 0) return status_ == std::nullopt;
    std::array<char, 65536> bytes;
    const ssize_t n = ::read(terminal_, bytes.data(), bytes.size());
    if (n <= 0) return false;
    output_.append(bytes.data(), static_cast<std::size_t>(n));
    return true;
  }

  pid_t pid_ = -1;
  int terminal_ = -1;
  termios before_{};
  std::optional<int> status_;
  std::string output_;
};

class LiveTable : public testing::Test {
 protected:
  std::vector<std::string> watch(std::string command = "leaks", std::string every = "100ms") const {
    return {std::move(command), "--watch", std::move(every), "--admin",
            "http://127.0.0.1:" + std::to_string(server.admin_port())};
  }
  void leak() const {
    EXPECT_EQ(server.get("/demo?pattern=send&fanout=3&latency=1ms&mode=leaky").status, 200);
  }
  static void expect_fits(const OnTerminal& terminal, std::size_t width, std::size_t height) {
    const auto lines = terminal.lines();
    EXPECT_EQ(lines.size(), height) << terminal.frame();
    for (const std::string& line : lines) EXPECT_LE(cli::cells(line), width) << line;
  }

  ServerProcess server;
};

TEST_F(LiveTable, ShowsLeakedTasksAndChanges) {
  OnTerminal terminal(watch(), 80, 24);
  EXPECT_TRUE(terminal.shows("0 of them leaked")) << terminal.output();
  EXPECT_TRUE(terminal.output().starts_with(enters));
  leak();
  EXPECT_TRUE(terminal.shows("2 of them leaked (+2)")) << terminal.frame();
  EXPECT_TRUE(terminal.frame().contains("count  +/-  wait")) << terminal.frame();
  EXPECT_TRUE(terminal.frame().contains("    2   +2  chan send")) << terminal.frame();
  expect_fits(terminal, 80, 24);
  const auto nothing_new = [&] { return terminal.lines().at(1).ends_with("2 of them leaked"); };
  EXPECT_TRUE(terminal.becomes(nothing_new)) << terminal.frame();
}

TEST_F(LiveTable, FollowsTheSizeOfTheTerminal) {
  OnTerminal terminal(watch("tasks", "1h"), 80, 24);
  ASSERT_TRUE(terminal.shows("live"));
  terminal.resize(200, 50);
  EXPECT_TRUE(terminal.becomes([&] { return terminal.lines().size() == 50; })) << terminal.frame();
  expect_fits(terminal, 200, 50);
  terminal.resize(30, 5);
  EXPECT_TRUE(terminal.becomes([&] { return terminal.lines().size() == 5; })) << terminal.frame();
  expect_fits(terminal, 30, 5);
}

TEST_F(LiveTable, LeavesTheTerminalAsItWasOnCtrlC) {
  OnTerminal terminal(watch(), 80, 24);
  ASSERT_TRUE(terminal.shows("live"));
  EXPECT_FALSE(terminal.echoes());
  terminal.press("\x03");
  EXPECT_EQ(terminal.wait(), 130);
  EXPECT_TRUE(terminal.output().ends_with(leaves));
  EXPECT_TRUE(terminal.is_as_before());
}

TEST_F(LiveTable, EndsOnQ) {
  OnTerminal terminal(watch("tasks", "1h"), 80, 24);
  ASSERT_TRUE(terminal.shows("q quit"));
  terminal.press("q");
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_TRUE(terminal.output().ends_with(leaves));
  EXPECT_TRUE(terminal.is_as_before());
}

TEST_F(LiveTable, LooksAtOnceOnSpace) {
  OnTerminal terminal(watch("leaks", "1h"), 80, 24);
  ASSERT_TRUE(terminal.shows("0 of them leaked"));
  leak();
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 2));
  terminal.press(" ");
  EXPECT_TRUE(terminal.shows("2 of them leaked (+2)")) << terminal.frame();
}

TEST_F(LiveTable, CanBeStoppedAndContinued) {
  OnTerminal terminal(watch("tasks", "1h"), 80, 24);
  ASSERT_TRUE(terminal.shows("live"));
  terminal.press("\x1a");
  ASSERT_TRUE(terminal.is_stopped());
  EXPECT_TRUE(terminal.wrote(leaves));
  EXPECT_TRUE(terminal.becomes([&] { return terminal.is_as_before(); }));
  terminal.signal(SIGCONT);
  EXPECT_TRUE(
      terminal.becomes([&] { return terminal.output().rfind(enters) > terminal.output().find(leaves); }));
  EXPECT_TRUE(terminal.shows("live"));
  terminal.press("q");
  EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(LiveTable, StaysWhenTheServerDoesNotAnswerAnyMore) {
  OnTerminal terminal(watch("tasks"), 80, 24);
  ASSERT_TRUE(terminal.shows("live"));
  server.stop();
  EXPECT_TRUE(terminal.shows("; trying again every 100ms")) << terminal.frame();
  EXPECT_TRUE(terminal.frame().contains("server/listener.cpp") || terminal.frame().contains("tener.cpp"))
      << terminal.frame();
  terminal.press("q");
  EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(LiveTable, UpdatesPage) {
  OnTerminal terminal(watch("tree"), 80, 24);
  EXPECT_TRUE(terminal.shows("loop \"")) << terminal.output();
  EXPECT_TRUE(terminal.lines().at(0).starts_with("tree of http://127.0.0.1:")) << terminal.frame();
  expect_fits(terminal, 80, 24);
  leak();
  terminal.resize(120, 200);
  EXPECT_TRUE(terminal.shows("] leaked, started at")) << terminal.frame();
  server.stop();
  EXPECT_TRUE(terminal.shows("no answer since ")) << terminal.frame();
  EXPECT_TRUE(terminal.frame().contains("] leaked, started at")) << terminal.frame();
  terminal.press("q");
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_TRUE(terminal.is_as_before());
}

TEST_F(LiveTable, FailsWithoutAnswerAndLeavesScreenUntouched) {
  server.stop();
  OnTerminal terminal(watch(), 80, 24);
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_TRUE(terminal.output().contains("Connection refused")) << terminal.output();
  EXPECT_FALSE(terminal.output().contains('\x1b')) << terminal.output();
}

TEST_F(LiveTable, PrintsLinesOnDumbTerminal) {
  OnTerminal terminal(watch("tasks"), 80, 24, "dumb");
  EXPECT_TRUE(terminal.wrote("count  +/-  state"));
  server.stop();
  EXPECT_TRUE(terminal.wrote("Connection refused"));
  EXPECT_FALSE(terminal.output().contains('\x1b'));
  terminal.press("\x03");
  EXPECT_EQ(terminal.wait(), 130);
}

}  // namespace
