// SPDX-License-Identifier: BSL-1.0
#include "cli/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

#include "cli/terminal.hpp"
#include "cli/text.hpp"

namespace cli {

int show(const Message& message, int unprintable) {
  if (message.exit_status != success) {
    complain(message.text);
    return message.exit_status;
  }
  if (print(message.text)) return success;
  complain_unwritable();
  return unprintable;
}

bool print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

bool print_foreign(std::string_view text) {
  return terminal(STDOUT_FILENO).interactive ? print(without_control_characters(text, Lines::kept))
                                             : print(text);
}

void complain(std::string_view line) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, without_control_characters(line).c_str());
}

void complain_unwritable(std::string_view what) {
  complain(fmt::format("cannot write {}: {}", what, std::generic_category().message(errno)));
}

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  // The lowest free number is taken. Output is opened for reading, so that writing to it fails; errors are dropped.
  for (const auto& [descriptor, flags] :
       {std::pair{STDIN_FILENO, O_RDONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_WRONLY}}) {
    if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) (void)::open("/dev/null", flags);
  }
}

int run(const std::function<int()>& work, int failed) {
  try {
    return work();
  } catch (const std::exception& e) {  // no memory, no descriptors
    complain(e.what());
    return failed;
  }
}

leash::LoopOptions loop_options() {
  leash::LoopOptions options;
  options.on_exception = [](std::exception_ptr exception, const leash::TaskInfo*) {
    try {
      std::rethrow_exception(std::move(exception));
    } catch (const std::exception& e) {
      complain(e.what());
    }
  };
  return options;
}

}  // namespace cli
