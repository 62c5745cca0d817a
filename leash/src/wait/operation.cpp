#include "leash/detail/operation.hpp"

#include <asio/cancellation_type.hpp>

namespace leash::detail {

OperationState::OperationState(ContextNode& context, bool owns_its_memory, WaitKind kind) noexcept
    : Dependent(&OperationState::context_done),
      kind_(kind),
      owns_its_memory_(owns_its_memory),
      loop_(context.signal->loop),
      context_(&context) {
  loop_->retain();
}

OperationState::~OperationState() { loop_->release(); }

void OperationState::initiated() noexcept {
  if (complete_) return;  // inside its own initiation
  cancellable = signal_.slot().has_handler();
  has_to_return = !owns_its_memory_ && (!cancellable || kind_ == WaitKind::asio);
  loop_->add_operation(*this);
  if (nothing_remains(*context_->signal)) {
    context_done(*this);
  } else {
    LoopState::attach(*context_->signal, *this);
  }
}

void OperationState::context_done(Dependent& dependent) noexcept {
  auto& self = static_cast<OperationState&>(dependent);
  const Ref<OperationState> keep(&self);
  self.signal_.emit(asio::cancellation_type::terminal);
  if (self.cancellable) return;
  if (self.owns_its_memory_) {
    self.completed();
  } else if (self.task) {
    self.loop_->count_uncancellable(*self.task);
  }
}

void OperationState::completed() noexcept {
  complete_ = true;
  static_cast<Hook<Dependent>&>(*this).unlink();
  static_cast<Hook<Operation>&>(*this).unlink();
  if (TaskRecord* waiting = std::exchange(task, nullptr)) {
    waiting->uncancellable = false;
    loop_->resume_from_handler(*waiting);
  } else {
    loop_->operation_ended();
  }
}

void OperationState::wait() {
  if (complete_) {
    loop_->schedule(*current.task);
    return;
  }
  task = current.task;
  task->uncancellable = !cancellable && !owns_its_memory_;
  const bool told_to_stop = !static_cast<Hook<Dependent>&>(*this).linked();
  if (task->uncancellable && told_to_stop) loop_->count_uncancellable(*task);
  loop_->park(*task, kind_);
}

void OperationState::abandon() noexcept {
  task = nullptr;
  stop();
}

void OperationState::stop() noexcept {
  auto& link = static_cast<Hook<Dependent>&>(*this);
  if (complete_ || !link.linked()) return;  // it is linked until it is told to stop
  const Ref<OperationState> keep(this);
  link.unlink();
  signal_.emit(asio::cancellation_type::terminal);
}

void* OperationState::allocate(std::size_t size) {
  if (!arena_used_ && size <= sizeof(arena_)) {
    arena_used_ = true;
    return arena_;
  }
  return frame_allocate(size);
}

void OperationState::deallocate(void* memory, std::size_t size) noexcept {
  if (memory == arena_) {
    arena_used_ = false;
  } else {
    frame_release(memory, size);
  }
}

}  // namespace leash::detail
