// SPDX-License-Identifier: BSL-1.0
#include "server/log_writer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

namespace {

using namespace std::chrono_literals;
using server::LogWriter;

// Owned by the writer, whose thread is not joined.
struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends.data()), 0); }
  std::string read(std::size_t bytes) const {
    std::string text(bytes, '\0');
    std::size_t got = 0;
    for (ssize_t n = 1; got < bytes && n > 0; got += static_cast<std::size_t>(n)) {
      n = ::read(ends[0], text.data() + got, bytes - got);
      if (n <= 0) break;
    }
    text.resize(got);
    return text;
  }
  std::array<int, 2> ends{};
};

TEST(LogWriter, WritesInOrder) {
  const Pipe pipe;
  LogWriter writer(pipe.ends[1]);
  EXPECT_TRUE(writer.write("one\n"));
  EXPECT_TRUE(writer.write("two\n"));
  EXPECT_EQ(pipe.read(8), "one\ntwo\n");
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_EQ(writer.dropped(), 0u);
}

TEST(LogWriter, DropsWhatDoesNotFitWithoutWaiting) {
  const Pipe pipe;
  LogWriter writer(pipe.ends[1], 1000);
  const std::string line = std::string(99, 'x') + "\n";
  std::size_t taken = 0;
  // The capacity of a pipe depends on how it is written. So more is written until the writer must wait.
  for (int i = 0; i < 1000 && writer.flush(10ms); ++i) {
    while (writer.write(line)) taken += line.size();
  }
  EXPECT_GT(writer.dropped(), 0u);
  EXPECT_FALSE(writer.write(std::string(2000, 'y'))) << "a part of it is not written";
  const std::string text = pipe.read(taken);
  EXPECT_EQ(text.size(), taken);
  EXPECT_EQ(text.find('y'), std::string::npos);
  EXPECT_TRUE(writer.flush(10s));
}

}  // namespace
