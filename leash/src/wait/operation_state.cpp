// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/operation_state.hpp"

#include <utility>

#include "leash/error.hpp"

namespace leash::detail {

OperationState::OperationState(ContextNode& context, bool owns_its_memory, bool is_plain, WaitKind kind)
    : Dependent(&OperationState::context_done),
      kind_(kind),
      owns_its_memory_(owns_its_memory),
      loop_(context.signal->loop),
      context_(&context) {
  loop_->check_thread();  // the context may belong to another loop than the task
  has_to_return = !owns_its_memory && !is_plain;
  if (current.task) (void)current.task->extra();  // before the start, because memory may run out
  loop_->retain();
}

OperationState::~OperationState() { loop_->release(); }

void OperationState::initiated(bool can_be_canceled) noexcept {
  if (complete_) return;  // inside its own initiation
  cancellable = can_be_canceled;
  abandoned = owns_its_memory_ && !cancellable;
  if (!cancellable && !owns_its_memory_) has_to_return = true;
  in_flight_ = true;
  loop_->operation_started(*this);
  if (current.task) belong_to(*current.task);
  if (nothing_remains(*context_->signal)) {
    context_done(*this);
  } else {
    LoopState::attach(*context_->signal, *this);
  }
}

void OperationState::context_done(Dependent& dependent) noexcept {
  auto& self = static_cast<OperationState&>(dependent);
  const Ref<OperationState> keep(&self);
  self.cancel();
  if (self.cancellable) return;
  if (self.owns_its_memory_) {
    self.completed();
  } else if (self.task) {
    self.loop_->count_uncancellable(*self.task);
  }
}

void OperationState::belong_to(TaskRecord& its_task) {
  static_cast<Hook<Operation>&>(*this).unlink();
  its_task.extra().operations.push_back(*this);
  task = &its_task;
}

void OperationState::completed() noexcept {
  if (complete_) return;  // abandoned before, as a name look-up
  const Ref<LoopState> loop(loop_);
  loop->in_handler([&]() -> TaskRecord* {
    complete_ = true;
    static_cast<Hook<Dependent>&>(*this).unlink();
    static_cast<Hook<Operation>&>(*this).unlink();
    if (std::exchange(in_flight_, false)) loop_->operation_ended(*this);
    TaskRecord* const its_task = std::exchange(task, nullptr);
    Selection* const selection = std::exchange(selection_, nullptr);
    if (selection && !its_task->doomed) {
      selection->choose(index_);
      return nullptr;
    }
    if (!its_task || !(awaited || its_task->doomed)) return nullptr;
    its_task->uncancellable = false;
    return its_task;
  });
}

void OperationState::await() {
  check(!std::exchange(awaited_once_, true),
        "an operation was awaited twice: the first co_await has taken its result");
}

void OperationState::wait() {
  if (complete_) {
    current.task->loop().schedule(*current.task);
    return;
  }
  if (task != current.task) belong_to(*current.task);  // it was started elsewhere
  awaited = true;
  task->uncancellable = !cancellable && !owns_its_memory_;
  const bool told_to_stop = !static_cast<Hook<Dependent>&>(*this).linked();
  if (task->uncancellable && told_to_stop) loop_->count_uncancellable(*task);
  task->loop().park(*task, kind_);
}

void OperationState::wait_in(Selection& selection, int index) {
  if (task != selection.task) belong_to(*selection.task);  // it was started elsewhere
  selection_ = &selection;
  index_ = index;
}

void OperationState::abandon() noexcept {
  awaited = false;
  selection_ = nullptr;
  stop();
}

void OperationState::stop() noexcept {
  auto& link = static_cast<Hook<Dependent>&>(*this);
  if (complete_ || !link.linked()) return;  // linked until it is canceled
  const Ref<OperationState> keep(this);
  link.unlink();
  cancel();
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
