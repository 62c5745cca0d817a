#include "leash/via.hpp"

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
  loop_->add_operation(*this);
  cancellable = signal_.slot().has_handler();
  if (nothing_remains(*context_->signal)) {
    signal_.emit(asio::cancellation_type::terminal);
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
  } else if (self.task_) {
    self.loop_->count_uncancellable(*self.task_);
  }
}

void OperationState::completed() noexcept {
  complete_ = true;
  static_cast<Hook<Dependent>&>(*this).unlink();
  static_cast<Hook<Operation>&>(*this).unlink();
  if (TaskRecord* task = std::exchange(task_, nullptr)) {
    task->uncancellable = false;
    loop_->resume_from_handler(*task);
  } else {
    loop_->operation_ended();
  }
}

void OperationState::wait() {
  TaskRecord& task = *current.task;
  if (complete_) {
    loop_->schedule(task);
    return;
  }
  task_ = &task;
  task.uncancellable = !cancellable && !owns_its_memory_;
  if (task.uncancellable && context_->signal->done()) loop_->count_uncancellable(task);
  loop_->park(task, kind_);
}

void OperationState::abandon() noexcept {
  task_ = nullptr;
  if (complete_) return;
  const Ref<OperationState> keep(this);
  // It is linked until it is told to stop. Told once: by now what it worked on (a socket) may be gone.
  auto& link = static_cast<Hook<Dependent>&>(*this);
  if (!link.linked()) return;
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
