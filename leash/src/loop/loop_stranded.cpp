// SPDX-License-Identifier: BSL-1.0
// Tasks that nothing can ever wake.
#include "leash/stranded.hpp"

#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <utility>
#include <vector>

#include "leash/detail/handle.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/tracking.hpp"
#include "leash/detail/waiting.hpp"

namespace leash {
namespace detail {
namespace {

const Selection* selection_of(const TaskRecord& task) noexcept {
  const PromiseBase& frame = *task.innermost;
  if (task.wait == WaitKind::none || task.running || task.doomed || frame.waits_in == 0) return nullptr;
  return reinterpret_cast<const Selection*>(reinterpret_cast<const char*>(&frame) + frame.waits_in);
}

// The words of a frame, including padding and unused memory.
[[gnu::no_sanitize_address]] void read_words(PromiseBase& frame, auto use) {
  const auto* const begin = static_cast<const char*>(frame.handle().address());
  for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= frame.bytes; at += sizeof(std::uintptr_t)) {
    std::uintptr_t word;
    __builtin_memcpy(&word, begin + at, sizeof word);
    use(object_of_handle(word, reinterpret_cast<std::uintptr_t>(begin + at)));
  }
}

// Removes all tasks that something outside of the remaining ones can wake, as a garbage collector finds reachable
// objects. The rest is stranded.
class Search {
 public:
  void add(TaskRecord& task, const Selection& selection) {
    tasks_.push_back({&task, {}, true});
    selection.actions.each_object(
        selection,
        [](void* self, Selection::Object object) { static_cast<Search*>(self)->add_waiter(object); }, this);
  }

  void run() {
    for (std::uint32_t i = 0; i < tasks_.size(); ++i) count_handles(i);
    for (std::uint32_t i = 0; i < objects_.size(); ++i) look_at(i);
    while (!reachable_.empty()) {
      const std::uint32_t object = reachable_.back();
      reachable_.pop_back();
      for (const std::uint32_t waiter : objects_[object].waiters) take_out(tasks_[waiter]);
    }
  }

  template <class F>
  void each(F f) const {
    for (const Waiting& waiting : tasks_) f(*waiting.task, waiting.stranded);
  }

 private:
  struct Waiting {
    TaskRecord* task;
    std::vector<std::uint32_t> holds;  // an index for each handle in its frames
    bool stranded;
  };
  struct Object {
    std::uint32_t elsewhere;  // handles that are not in the frames of these tasks
    bool reachable;
    std::vector<std::uint32_t> waiters;
  };

  void add_waiter(Selection::Object object) {
    const auto [at, is_new] = numbers_.try_emplace(reinterpret_cast<std::uintptr_t>(object.address),
                                                   static_cast<std::uint32_t>(objects_.size()));
    if (is_new) objects_.push_back({object.handles, false, {}});
    objects_[at->second].waiters.push_back(static_cast<std::uint32_t>(tasks_.size() - 1));
  }

  void count_handles(std::uint32_t index) {
    Waiting& waiting = tasks_[index];
    for (PromiseBase* frame = waiting.task->innermost; frame; frame = frame->parent) {
      read_words(*frame, [&](std::uintptr_t address) {
        if (address >> 48 != 0) return;
        const auto known = numbers_.find(address);
        if (known == numbers_.end()) return;
        waiting.holds.push_back(known->second);
        --objects_[known->second].elsewhere;
      });
    }
  }

  void look_at(std::uint32_t index) {
    Object& object = objects_[index];
    if (object.elsewhere == 0 || std::exchange(object.reachable, true)) return;
    reachable_.push_back(index);
  }

  void take_out(Waiting& waiting) {
    if (!std::exchange(waiting.stranded, false)) return;
    for (const std::uint32_t object : waiting.holds) {
      ++objects_[object].elsewhere;
      look_at(object);
    }
  }

  std::vector<Waiting> tasks_;
  std::vector<Object> objects_;
  std::unordered_map<std::uintptr_t, std::uint32_t> numbers_;
  std::vector<std::uint32_t> reachable_;
};

}  // namespace

void LoopState::set_stranded(TaskRecord& task, bool stranded) noexcept {
  Figure& count = metrics_->at(task.site).stranded[static_cast<std::size_t>(task.wait)];
  stranded ? count.add() : count.subtract();
  task.stranded = stranded;
}

bool LoopState::find_stranded(std::size_t most) {
  check_thread();
  if (!tracking || metrics_->live_tasks.get() > most) return false;
  Search search;
  each_task([&](TaskRecord& task) {
    const Selection* const selection = selection_of(task);
    if (selection && selection->actions.each_object) search.add(task, *selection);
  });
  search.run();
  search.each([&](TaskRecord& task, bool stranded) {
    if (task.stranded != stranded) set_stranded(task, stranded);
  });
  return true;
}

}  // namespace detail

bool find_stranded(const LoopBase& loop, std::size_t most) { return loop.state().find_stranded(most); }

}  // namespace leash
