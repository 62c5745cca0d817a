// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop: one asio::io_context run by one thread, with the tasks, contexts and timers that leash keeps for it.
//
// What it is     the owner of tasks, contexts and timers.
// Requires       the io_context is created before the Loop, destroyed after it, and run by one thread at a time.
// Guarantees     the destructor ends every context, cancels every operation, and runs the io_context until the operations
//                have ended. Handlers of other objects run there too, and their exceptions reach on_exception. Work on
//                another thread that cannot be canceled is waited for; after 1 s, standard error says what it waits
//                for. Then the frames of the remaining tasks are destroyed: the newest task first, in each task the
//                innermost frame first. Name look-ups are abandoned. So are, after 1 s, operations that nothing can
//                complete because the io_context has no work; their frames stay until they return. Contexts, channels
//                and handles that outlive the loop are inert.
// Threads        the loop belongs to the thread that runs the io_context, until that thread has ended, the io_context has
//                stopped, or another thread runs it; metrics() may be called on any thread. A call from another thread,
//                or an io_context run by several threads at once, ends the process with a message (docs/threads.md).
//                Two loops may share a thread. A task may poll the io_context: then handlers, and other tasks with them,
//                run inside that call. After fork, the child must not use a loop of its parent, and ends by _exit or exec.
// Lifetime       may be a static object. A handler of the io_context may destroy it. Destroying it, or calling run(),
//                inside one of its own tasks or callbacks ends the process with a message.
//
//   asio::io_context io{1};
//   leash::Loop loop{io};
//   leash::go(loop.background(), serve(loop.background()));
//   if (auto ran = loop.run(); !ran) std::cerr << ran.error().message();  // "all tasks are asleep: deadlock"

#include "leash/detail/asio.hpp"
#include "leash/detail/one_asio.hpp"  // IWYU pragma: keep
#include "leash/loop_base.hpp"        // IWYU pragma: export

namespace leash {
inline namespace LEASH_FLAVOR {

class Loop : public LoopBase {
 public:
  explicit Loop(asio::io_context& io, LoopOptions options = {});

  asio::io_context& io() const noexcept { return *io_; }

 private:
  asio::io_context* io_;
};

}  // namespace LEASH_FLAVOR
}  // namespace leash
