// SPDX-License-Identifier: BSL-1.0
#include "leash/after_func.hpp"

#include <exception>
#include <utility>

#include "leash/detail/loop_state.hpp"
#include "leash/detail/ref.hpp"

namespace leash {
namespace detail {

// It keeps itself alive from its registration until it has run, was stopped, or its loop has ended.
struct AfterFunc final : Dependent, Callback {
  AfterFunc(ContextNode& context, std::move_only_function<void()> f)
      : Dependent(&AfterFunc::context_done),
        Callback(&AfterFunc::run_it),
        node(&context),
        function(std::move(f)) {}

  void retain() noexcept { ++refs; }
  void release() noexcept {
    if (--refs == 0) delete this;
  }

  static void context_done(Dependent& dependent) noexcept {
    auto& self = static_cast<AfterFunc&>(dependent);
    LoopState& loop = *self.node->signal->loop;
    if (loop.closing()) {
      self.pending = false;
      const std::move_only_function<void()> dropped = std::move(self.function);
      self.release();
    } else {
      loop.call_soon(self);
    }
  }

  static void run_it(Callback& callback) {
    auto& self = static_cast<AfterFunc&>(callback);
    LoopState& loop = *self.node->signal->loop;
    self.pending = false;
    auto function = std::exchange(self.function, nullptr);
    try {
      if (!loop.closing()) function();
    } catch (...) {
      loop.report_exception(std::current_exception(), nullptr);
    }
    self.release();
  }

  std::uint32_t refs = 0;
  bool pending = true;  // neither begun nor stopped
  Ref<ContextNode> node;
  std::move_only_function<void()> function;
};

}  // namespace detail

StopHandle::StopHandle(detail::AfterFunc& registration) noexcept : registration_(&registration) {
  registration.retain();
}

StopHandle::StopHandle(StopHandle&& other) noexcept
    : registration_(std::exchange(other.registration_, nullptr)) {}

StopHandle& StopHandle::operator=(StopHandle&& other) noexcept {
  if (this != &other) {
    const StopHandle old(std::move(*this));
    registration_ = std::exchange(other.registration_, nullptr);
  }
  return *this;
}

StopHandle::~StopHandle() {
  if (!registration_) return;
  const detail::Ref<detail::AfterFunc> last(registration_);
  last->release();  // the reference of this handle
  stop();
}

bool StopHandle::stop() noexcept {
  if (!registration_ || !std::exchange(registration_->pending, false)) return false;
  const detail::Ref<detail::AfterFunc> stopped(registration_);
  static_cast<detail::Hook<detail::Dependent>&>(*stopped).unlink();
  static_cast<detail::Hook<detail::Callback>&>(*stopped).unlink();
  stopped->release();
  // Dropped last, because it may hold an object that holds this handle.
  const std::move_only_function<void()> dropped = std::exchange(stopped->function, nullptr);
  return true;
}

void StopHandle::detach() noexcept {
  if (auto* const registration = std::exchange(registration_, nullptr)) registration->release();
}

StopHandle after_func(const Context& ctx, std::move_only_function<void()> f) {
  check(static_cast<bool>(f), "after_func was called with an empty function");
  ctx.node().signal->loop->check_thread();
  auto& registration = *new detail::AfterFunc(ctx.node(), std::move(f));
  registration.retain();
  StopHandle handle(registration);
  detail::SignalNode& signal = *ctx.node().signal;
  if (signal.done()) {
    detail::AfterFunc::context_done(registration);
  } else {
    detail::LoopState::attach(signal, registration);
  }
  return handle;
}

}  // namespace leash
