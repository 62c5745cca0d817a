// SPDX-License-Identifier: BSL-1.0
#include "leash/loop.hpp"

#ifdef LEASH_BOOST
#  include <boost/asio/executor_work_guard.hpp>
#  include <boost/asio/post.hpp>
#  include <boost/asio/steady_timer.hpp>
#else
#  include <asio/executor_work_guard.hpp>
#  include <asio/post.hpp>
#  include <asio/steady_timer.hpp>
#endif
#include <functional>
#include <memory_resource>
#include <optional>
#include <utility>

#include "leash/detail/loop_state.hpp"
#include "reserved_memory.hpp"

namespace leash {
inline namespace LEASH_FLAVOR {
namespace {

// A handler of which one is pending at a time.
class ReservedHandler {
 public:
  using allocator_type = detail::ReservedMemory::Allocator<ReservedHandler>;
  ReservedHandler(detail::LoopState& loop, detail::ReservedMemory& memory) noexcept
      : loop_(&loop), memory_(&memory) {}
  allocator_type get_allocator() const noexcept { return allocator_type(*memory_); }

  void operator()() const noexcept { loop_->run_turn(); }
  void operator()(const detail::AsioError&) const noexcept { loop_->wait_is_over(); }

 private:
  detail::Ref<detail::LoopState> loop_;  // which keeps the memory, too
  detail::ReservedMemory* memory_;       // Asio asks for the allocator even after it has moved the handler
};

// Asio keeps the memory of other handlers for the next ones, and a program whose sources include Asio before any standard
// header gets it in another way than this one (operator new, aligned_alloc). It must not free what this one has got.
struct PostedHandler {
  using allocator_type = std::pmr::polymorphic_allocator<>;
  allocator_type get_allocator() const noexcept { return std::pmr::new_delete_resource(); }
  void operator()() { function(); }

  std::move_only_function<void()> function;
};

class IoContext final : public detail::EventLoop {
 public:
  explicit IoContext(asio::io_context& io) : io_(io), timer_(std::in_place, io) {}

  detail::Flavor flavor() const noexcept override { return detail::this_flavor; }
  void* execution_context() const noexcept override { return static_cast<asio::execution_context*>(&io_); }

  void post_turn(detail::LoopState& loop) noexcept override {
    if (!turn_memory_.used()) asio::post(io_, ReservedHandler(loop, turn_memory_));
  }
  void wait_until(detail::LoopState& loop, TimePoint when) override {
    if (wait_memory_.used()) {
      timer_->cancel();
      return;
    }
    timer_->expires_at(when);
    timer_->async_wait(ReservedHandler(loop, wait_memory_));
  }
  void stop_waiting() override { timer_->cancel(); }
  void post(std::move_only_function<void()> f) override { asio::post(io_, PostedHandler{std::move(f)}); }
  void hold_work() noexcept override { work_.emplace(io_.get_executor()); }
  void release_work() noexcept override { work_.reset(); }
  void close() noexcept override { timer_.reset(); }

  bool runs_in_this_thread() const noexcept override { return io_.get_executor().running_in_this_thread(); }
  bool stopped() const noexcept override { return io_.stopped(); }
  void stop() noexcept override { io_.stop(); }
  void restart() noexcept override { io_.restart(); }
  std::size_t run() override { return io_.run(); }
  std::size_t poll() override { return io_.poll(); }
  std::size_t poll_one() override { return io_.poll_one(); }
  std::size_t run_for(std::chrono::nanoseconds time) override { return io_.run_for(time); }
  std::size_t run_one_for(std::chrono::nanoseconds time) override { return io_.run_one_for(time); }

  std::error_code error_in(const std::exception_ptr& exception) const noexcept override {
    return detail::code_in(exception).value_or(std::error_code());
  }

 private:
  asio::io_context& io_;
  std::optional<asio::steady_timer> timer_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  detail::ReservedMemory wait_memory_;  // in use while a wait of the timer is pending
  detail::ReservedMemory turn_memory_;  // while a turn is posted
};

}  // namespace

Loop::Loop(asio::io_context& io, LoopOptions options)
    : LoopBase(std::make_unique<IoContext>(io), std::move(options)), io_(&io) {}

}  // namespace LEASH_FLAVOR
}  // namespace leash
