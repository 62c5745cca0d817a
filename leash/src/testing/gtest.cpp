// SPDX-License-Identifier: BSL-1.0
#include "leash/gtest.hpp"

#include <atomic>
#include <cstdio>
#include <optional>
#include <source_location>
#include <string>

namespace leash {
namespace {

class Watch final : public ::testing::EmptyTestEventListener {
 public:
  explicit Watch(const WatchOptions& options) : check_(options) {}
  LeakCheck& check() { return check_; }
  void let_it() { expected_ = true; }

 private:
  void OnTestStart(const ::testing::TestInfo&) override {
    expected_ = false;
    check_.restart();
  }
  void OnTestEnd(const ::testing::TestInfo&) override {
    if (expected_) return;
    if (const std::string text = check_.find(); !text.empty()) ADD_FAILURE() << text;
  }

  LeakCheck check_;
  std::atomic<bool> expected_ = false;
};

Watch* the_watch = nullptr;

void report(const LoopBase& loop, const std::optional<LeakReport>& leaks, const std::source_location& where) {
  if (!leaks) return;
  ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << leaks->text;
  if (the_watch) the_watch->check().leave_out(loop);
}

}  // namespace

void verify_none(LoopBase& loop, const LeakOptions& options, std::source_location where) {
  report(loop, find_leaks(loop, options), where);
}

void verify_none_elsewhere(LoopBase& loop, const LeakOptions& options, std::source_location where) {
  report(loop, find_leaks_elsewhere(loop, options), where);
}

bool watch_tests(const WatchOptions& options) {
  check(the_watch == nullptr, "watch_tests was called twice");
  the_watch = new Watch(options);
  ::testing::UnitTest::GetInstance()->listeners().Append(the_watch);  // which owns it
  return true;
}

void expect_leaks() {
  if (the_watch) the_watch->let_it();
}

int verify_main(const std::function<int()>& run, const MainOptions& options) {
  LeakCheck leaks(options.watch);
  int status = run();
  if (status == 0 || options.run_on_failure) {
    const std::string text = leaks.find_in_live_loops();
    if (!text.empty()) {
      if (options.report) {
        options.report(text);
      } else {
        std::fputs(text.c_str(), stderr);
      }
      if (status == 0) status = 1;
    }
  }
  if (options.cleanup) options.cleanup(status);
  return status;
}

}  // namespace leash
