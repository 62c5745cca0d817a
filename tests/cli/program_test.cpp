// SPDX-License-Identifier: BSL-1.0
#include "cli/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {

using testing::ExitedWithCode;

TEST(Program, FillsClosedDescriptors) {
  const auto run = [] {
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    cli::prepare_standard_streams();
    const int next = ::open("/dev/null", O_RDONLY);
    if (next <= STDERR_FILENO) std::_Exit(1);
    std::_Exit(cli::show({"help", cli::success}, 5));
  };
  EXPECT_EXIT(run(), ExitedWithCode(5), ": cannot write standard output: Bad file descriptor\n$");
}

TEST(Program, LeavesOpenDescriptorsAlone) {
  const auto run = [] {
    ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO);
    cli::prepare_standard_streams();
    std::_Exit(cli::show({"help", cli::success}, 5));
  };
  EXPECT_EXIT(run(), ExitedWithCode(5), ": cannot write standard output: No space left on device\n$");
}

TEST(Program, ReportsThatItsReaderHasEnded) {
  const auto run = [] {
    int ends[2];
    if (::pipe(ends) != 0) std::_Exit(1);
    ::close(ends[0]);
    ::dup2(ends[1], STDOUT_FILENO);
    cli::prepare_standard_streams();
    std::_Exit(cli::show({"help", cli::success}, 5));
  };
  EXPECT_EXIT(run(), ExitedWithCode(5), ": cannot write standard output: Broken pipe\n$");
}

TEST(Program, NamesFileThatCannotBeWritten) {
  const auto run = [] {
    errno = EACCES;
    cli::complain_unwritable("a.json");
    std::_Exit(0);
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), ": cannot write a.json: Permission denied\n$");
}

}  // namespace
