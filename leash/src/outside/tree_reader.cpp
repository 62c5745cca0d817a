// SPDX-License-Identifier: BSL-1.0
#include "tree_reader.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "../registry/escape.hpp"
#include "coroutine_tree.hpp"
#include "leash/detail/report_text.hpp"
#include "leash/wait_point.hpp"

namespace leash::outside {
namespace {

using Kind = TreeNode::Kind;

class LoopTree {
 public:
  LoopTree(Reader& reader, std::uint64_t loop, std::size_t most,
           const std::vector<detail::MixedChain>& chains, Tree& tree)
      : reader_(reader), loop_(loop), most_(most), tree_(tree) {
    for (const detail::MixedChain& chain : chains) {
      if (is_here(chain.awaited_in)) awaited_.emplace(chain.coroutine.awaited_by, &chain);
      if (is_here(chain.awaits_in)) awaiting_.emplace(chain.coroutine.awaits_task, &chain);
    }
  }

  void read() {
    read_tasks();
    now_ = reader_.now(loop_);
    for (const RawTask& task : tasks_) {
      if (task.scope != 0) add_to_scope(task);
    }
    read_contexts();
    const auto& table = reader_.table();
    const std::uint64_t root = reader_.word(loop_ + table.loop.background) + table.signal.context;
    for (const RawTask& task : tasks_) add_context(task.owner);
    for (std::size_t i = 0; i < tasks_.size(); ++i) contexts_[visible(tasks_[i].owner)].tasks.push_back(i);

    TreeNode top;
    top.kind = Kind::loop;
    top.name = reader_.loop_name(loop_);
    add_members(top, root);
    for (const auto& [address, context] : contexts_) {
      if (context.parent == 0 && address != root) top.children.push_back(node_of(address));
    }
    find_cycles(top.name);
    tree_.loops.push_back(std::move(top));
  }

 private:
  struct Context {
    std::uint64_t parent = 0;
    std::vector<std::uint64_t> children;
    std::vector<std::size_t> tasks;
  };

  bool is_here(const void* loop) const noexcept { return std::bit_cast<std::uintptr_t>(loop) == loop_; }

  TreeNode node_of(const detail::MixedChain& chain) const {
    TreeNode node = outside::node_of(chain.coroutine);
    if (!is_here(chain.awaits_in)) node.joins.clear();
    return node;
  }

  std::string ago(std::int64_t then) const {
    return detail::short_duration(Reader::since(now_, then)) + " ago";
  }

  void read_tasks() {
    std::vector<RawTask> list;
    std::size_t left_out = 0;
    std::size_t left_out_here = 0;
    const auto add = [&](RawTask task) {
      if (tasks_.size() + list.size() < most_) {
        list.push_back(std::move(task));
      } else {
        ++left_out_here;
      }
    };
    const auto drop = [&] {
      list.clear();
      left_out_here = 0;
    };
    const auto commit = [&] {
      std::ranges::move(list, std::back_inserter(tasks_));
      left_out += left_out_here;
      drop();
    };
    reader_.each_task(loop_, add, commit, drop);
    if (left_out > 0) reader_.remark(std::to_string(left_out) + " more tasks are left out");
    for (std::size_t i = 0; i < tasks_.size(); ++i) by_address_.emplace(tasks_[i].address, i);
  }

  void add_to_scope(const RawTask& task) {
    const auto& place = reader_.table().scope;
    const std::uint64_t holder = reader_.word(task.scope + place.holder);
    const std::uint64_t joiner = reader_.word(task.scope + place.joiner);
    if (holder != 0) holders_.insert(holder);
    if (joiner != 0) joined_[joiner].push_back(task.address);
    holder_of_scope_.emplace(reader_.word(task.scope + place.context), holder);
  }

  // Contexts that are not done, beginning with the root.
  void read_contexts() {
    const auto& table = reader_.table();
    std::vector<std::uint64_t> ahead{reader_.word(loop_ + table.loop.background)};
    std::set<std::uint64_t> seen;
    while (!ahead.empty()) {
      const std::uint64_t node = ahead.back();
      ahead.pop_back();
      if (node == 0 || !seen.insert(node).second) continue;
      if (seen.size() > most_) {
        reader_.remark("contexts beyond the first " + std::to_string(most_) + " are left out");
        return;
      }
      add_context(node + table.signal.context);
      const std::uint64_t head = node + table.signal.dependents + table.list.head;
      std::uint64_t hook = reader_.word(head + table.list.next);
      for (std::size_t n = 0; hook != 0 && hook != head && n < most_; ++n) {
        const std::uint64_t dependent = hook - table.signal.hook;
        if (reader_.word(dependent + table.signal.on_done) == table.signal.parent_done) {
          ahead.push_back(dependent - table.signal.dependent);
        }
        hook = reader_.word(hook + table.list.next);
      }
    }
  }

  // A value has no node of its own in the tree. Its children belong to the context that it extends.
  std::uint64_t visible(std::uint64_t node) {
    for (std::size_t n = 0; node != 0 && n < most_levels; ++n) {
      const ContextInfo context = reader_.context_at(node);
      if (context.kind != ContextInfo::Kind::value) return node;
      node = context.parent;
    }
    return 0;
  }

  void add_context(std::uint64_t node) {
    std::uint64_t child = 0;
    node = visible(node);
    for (std::size_t n = 0; node != 0 && n < most_levels; ++n) {
      const auto [at, is_new] = contexts_.try_emplace(node);
      if (child != 0) at->second.children.push_back(child);
      if (!is_new) return;
      child = node;
      node = visible(reader_.context_at(node).parent);
      at->second.parent = node;
    }
  }

  TreeNode node_of(std::uint64_t address) {
    TreeNode node;
    node.kind = Kind::context;
    const ContextInfo context = reader_.context_at(address);
    node.name = context.kind == ContextInfo::Kind::detached ? "without_cancel" : context.label;
    if (context.kind == ContextInfo::Kind::signal) node.place = context.place;
    if (context.done_at) {
      node.state = "done " + ago(*context.done_at) + " (" + detail::escaped(context.cause) + ")";
    }
    if (context.deadline) {
      node.state = *context.deadline > now_
                       ? "[deadline in " + detail::short_duration(Duration(*context.deadline - now_)) + "]"
                       : "[deadline " + ago(*context.deadline) + "]";
    }
    if (context.outlived_since) {
      if (!node.state.empty()) node.state += " ";
      node.state += "outlived: " + (context.owner.empty() ? "the owner" : detail::escaped(context.owner)) +
                    " ended " + ago(*context.outlived_since) + " (" + detail::escaped(context.owner_cause) +
                    ")";
    }
    if (const auto scope = holder_of_scope_.find(address); scope != holder_of_scope_.end()) {
      node.kind = Kind::scope;
      if (const RawTask* const holder = task_at(scope->second)) node.id = holder->id;
    }
    add_members(node, address);
    return node;
  }

  void add_members(TreeNode& node, std::uint64_t address) {
    const auto found = contexts_.find(address);
    // Each is shown once, so that a cycle of parents in damaged memory ends.
    if (found == contexts_.end() || depth_ == most_levels || !shown_.insert(address).second) return;
    ++depth_;
    std::map<std::tuple<std::uint16_t, TaskState, WaitKind, bool, bool, std::vector<std::uint64_t>>,
             std::size_t>
        alike;
    for (const std::size_t i : found->second.tasks) {
      const RawTask& task = tasks_[i];
      const bool stands_alone = holders_.contains(task.address) || joined_.contains(task.address);
      if (!stands_alone) {
        const auto [at, is_new] =
            alike.try_emplace({task.site, task.state, task.wait, task.stranded, task.running, task.awaits},
                              node.children.size());
        if (!is_new) {
          ++node.children[at->second].count;
          continue;
        }
      }
      node.children.push_back(node_of(task));
    }
    for (const std::uint64_t child : found->second.children) node.children.push_back(node_of(child));
    --depth_;
  }

  TreeNode node_of(const RawTask& task) {
    const TaskInfo info = reader_.describe(task, now_);
    TreeNode node;
    node.kind = Kind::task;
    node.id = task.id;
    node.name = info.name;
    node.place = info.site;
    node.state = detail::wait_text(info) + " " + std::string(to_string(info.state));
    for (const std::uint64_t joined : joined_by(task.address)) node.joins.push_back(task_at(joined)->id);
    if (const auto above = awaiting_.find(task.id); above != awaiting_.end()) {
      const CoroutineInfo& coroutine = above->second->coroutine;
      node.state += ", awaited by coroutine " + std::to_string(coroutine.id) + " " +
                    detail::escaped(coroutine.site.function);
    }
    const auto [first, last] = awaited_.equal_range(task.id);
    for (auto below = first; below != last; ++below) node.children.push_back(node_of(*below->second));
    return node;
  }

  const RawTask* task_at(std::uint64_t address) const {
    const auto found = by_address_.find(address);
    return found == by_address_.end() ? nullptr : &tasks_[found->second];
  }

  const std::vector<std::uint64_t>& joined_by(std::uint64_t task) const {
    static const std::vector<std::uint64_t> none;
    const auto found = joined_.find(task);
    return found == joined_.end() ? none : found->second;
  }

  // Follows the tasks that each task joins. A task that is found again is part of a cycle.
  void find_cycles(const std::string& loop) {
    std::set<std::uint64_t> finished;
    for (const RawTask& start : tasks_) {
      struct Step {
        std::uint64_t task;
        std::vector<std::uint64_t> ahead;
      };
      if (finished.contains(start.address) || joined_by(start.address).empty()) continue;
      std::vector<Step> way{{start.address, joined_by(start.address)}};
      while (!way.empty()) {
        Step& here = way.back();
        if (here.ahead.empty()) {
          finished.insert(here.task);
          way.pop_back();
          continue;
        }
        const std::uint64_t next = here.ahead.back();
        here.ahead.pop_back();
        const auto met = std::ranges::find(way, next, &Step::task);
        if (met != way.end()) {
          Tree::Cycle cycle{loop, {}};
          for (auto step = met; step != way.end(); ++step) cycle.tasks.push_back(task_at(step->task)->id);
          tree_.cycles.push_back(std::move(cycle));
        } else if (!finished.contains(next)) {
          way.push_back({next, joined_by(next)});
        }
      }
    }
  }

  Reader& reader_;
  const std::uint64_t loop_;
  const std::size_t most_;
  Tree& tree_;
  std::int64_t now_ = 0;
  std::vector<RawTask> tasks_;
  std::map<std::uint64_t, std::size_t> by_address_;
  // Addresses, also below.
  std::set<std::uint64_t> holders_;                             // of scopes: tasks
  std::map<std::uint64_t, std::uint64_t> holder_of_scope_;      // by the scope's own ContextNode
  std::map<std::uint64_t, std::vector<std::uint64_t>> joined_;  // by the task that joins
  std::map<std::uint64_t, Context> contexts_;                   // by address of the ContextNode
  std::set<std::uint64_t> shown_;
  std::multimap<std::uint64_t, const detail::MixedChain*> awaited_;  // by the id of the task that awaits it
  std::map<std::uint64_t, const detail::MixedChain*> awaiting_;      // by the id of the task that it awaits
  std::size_t depth_ = 0;
};

}  // namespace

Tree read_tree(Reader& reader, std::size_t most, const std::vector<detail::MixedChain>& chains) {
  Tree tree;
  for (const std::uint64_t loop : reader.loops()) LoopTree(reader, loop, most, chains, tree).read();
  tree.remarks = reader.remarks();
  return tree;
}

}  // namespace leash::outside
