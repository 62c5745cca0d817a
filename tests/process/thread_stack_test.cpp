// SPDX-License-Identifier: BSL-1.0
#include "process/thread_stack.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <semaphore>
#include <thread>

namespace {

// ThreadSanitizer delays a signal until the thread calls a function that it knows to block.
#if defined(__has_feature)
#  if __has_feature(thread_sanitizer)
#    define LEASH_SIGNALS_COME_LATE
#  endif
#endif

#if !defined(LEASH_SIGNALS_COME_LATE)
TEST(ThreadStack, CapturesBlockedThread) {
  std::atomic<pid_t> id{0};
  std::binary_semaphore release(0);
  std::thread blocked([&] {
    id = ::gettid();
    id.notify_one();
    release.acquire();
  });
  id.wait(0);
  const auto stack = process::stack_of_thread(id, SIGURG);
  const auto again = process::stack_of_thread(id, SIGURG);
  release.release();
  blocked.join();
  ASSERT_TRUE(stack) << stack.error();
  EXPECT_GE(stack->size(), 2u);
  std::string text;
  for (const std::string& frame : *stack) text += frame + "\n";
  EXPECT_NE(text.find("process_test+0x"), std::string::npos) << text;
  EXPECT_TRUE(again) << again.error();
}
#endif

TEST(ThreadStack, RefusesSignalInUse) {
  struct sigaction own {};
  own.sa_handler = [](int) {};
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGUSR2, &own, &before), 0);
  const auto stack = process::stack_of_thread(::gettid(), SIGUSR2);
  ASSERT_EQ(::sigaction(SIGUSR2, &before, nullptr), 0);
  ASSERT_FALSE(stack);
  EXPECT_EQ(stack.error(), "signal " + std::to_string(SIGUSR2) + ": the program has a handler for it");
}

TEST(ThreadStack, FailsForEndedThread) {
  pid_t id = 0;
  std::thread([&] { id = ::gettid(); }).join();
  EXPECT_FALSE(process::stack_of_thread(id, SIGURG));
  EXPECT_FALSE(process::stack_of_thread(::gettid(), -1));
}

}  // namespace
