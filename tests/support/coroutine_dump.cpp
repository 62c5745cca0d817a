// SPDX-License-Identifier: BSL-1.0
// Linked to a program that does not use leash: a separate thread writes all its coroutines to standard error at each
// SIGUSR1. PATIENCE_MS sets the patience.

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "leash/coroutines.hpp"

namespace {

const bool started = [] {
  if (const char* patience = std::getenv("PATIENCE_MS"))
    leash::set_patience(std::chrono::milliseconds(std::atoi(patience)));
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    for (int signal = 0; sigwait(&signals, &signal) == 0;)
      std::cerr << leash::coroutine_dump() << "end" << std::endl;
  }).detach();
  return true;
}();

}  // namespace
