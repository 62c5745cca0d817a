// SPDX-License-Identifier: BSL-1.0
// The proxy as a program for soaks: mixed_faults() in front of a port, until a signal ends it.
//
//   fault-proxy 8080 7     in front of 127.0.0.1:8080, with seed 7; says "ready port=P"
//
// At the end it says what it did: "connections=120 faults=31".

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "tests/support/fault_proxy.hpp"

namespace {

// The whole text as a number greater than 0; otherwise 0.
template <class Number>
Number number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = argc > 1 ? number<std::uint16_t>(argv[1]) : std::uint16_t{0};
  const auto seed = argc > 2 ? number<std::uint64_t>(argv[2]) : std::uint64_t{1};
  if (port == 0 || seed == 0 || argc > 3) {
    std::fputs("usage: fault-proxy PORT [SEED]; both must be greater than 0\n", stderr);
    return 2;
  }

  // Blocked before there is a second thread: only sigwait() takes them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const support::FaultProxy proxy(port, support::mixed_faults, seed);
  std::printf("ready port=%u\n", static_cast<unsigned>(proxy.port()));
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  std::printf("connections=%d faults=%d\n", proxy.accepted(), proxy.faults());
}
