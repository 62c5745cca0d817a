// SPDX-License-Identifier: BSL-1.0
#include "inspector/inspection.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "leash/channel.hpp"
#include "leash/loops.hpp"
#include "leash/sleep.hpp"
#include "leash/stranded.hpp"

namespace inspector {
namespace {

// Posted to a loop and answered there, at once or later.
template <class T>
using Question = std::function<void(leash::LoopBase&, std::function<void(T)>)>;

template <class T>
leash::Task<FromLoops<std::vector<T>>> ask_loops(leash::Context ctx, leash::Loop& here,
                                                 Question<T> question) {
  const std::vector<leash::RemoteLoop> loops = leash::all_loops();
  const leash::RemoteLoop asking(here);
  // Referenced by the loops that are asked, but used only by the asking loop.
  using Replies = leash::Channel<std::pair<std::size_t, T>>;
  const auto replies = std::make_shared<Replies>(loops.size());
  std::vector<bool> waiting;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    waiting.push_back(loops[i].post([i, replies, question, asking](leash::LoopBase& asked) {
      question(asked, [i, replies, asking](T answer) {
        (void)asking.post([replies, reply = std::pair(i, std::move(answer))](leash::LoopBase&) mutable {
          (void)replies->try_send(std::move(reply));  // the channel has room for the reply of every loop
        });
      });
    }));
  }
  FromLoops<std::vector<T>> answers;
  const auto limited = leash::with_timeout(ctx, std::chrono::seconds(1));
  for (auto left = std::ranges::count(waiting, true); left > 0; --left) {
    auto reply = co_await replies->receive(limited.ctx);
    if (!reply) break;
    waiting[reply->first] = false;
    answers.all.push_back(std::move(reply->second));
  }
  for (std::size_t i = 0; i < loops.size(); ++i) {
    if (waiting[i] && loops[i].is_alive()) answers.unresponsive.push_back(loops[i].name());
  }
  co_return answers;
}

template <class T>
FromLoops<T> put_together(T all, std::vector<std::string> unresponsive) {
  FromLoops<T> seen;
  seen.all = std::move(all);
  seen.unresponsive = std::move(unresponsive);
  return seen;
}

}  // namespace

leash::Task<FromLoops<std::vector<leash::Dump>>> dump_tasks_by_loop(leash::Context ctx, leash::Loop& here,
                                                                    leash::DumpOptions options) {
  Question<leash::Dump> question = [options](leash::LoopBase& loop, std::function<void(leash::Dump)> reply) {
    (void)leash::find_stranded(loop, most_for_stranded);
    leash::take_dump(loop, options, std::move(reply));
  };
  return ask_loops<leash::Dump>(std::move(ctx), here, std::move(question));
}

leash::Task<FromLoops<leash::Dump>> dump_tasks(leash::Context ctx, leash::Loop& here,
                                               leash::DumpOptions options) {
  leash::DumpOptions of_each = options;
  if (!options.full)
    of_each.filter.limit = SIZE_MAX;  // groups of several loops are merged before the limit applies
  auto answers = co_await dump_tasks_by_loop(ctx, here, of_each);
  co_return put_together(leash::merge(std::move(answers.all), options), std::move(answers.unresponsive));
}

leash::Task<FromLoops<leash::ContextDump>> dump_contexts(leash::Context ctx, leash::Loop& here) {
  Question<leash::ContextDump> question = [](leash::LoopBase& loop, const auto& reply) {
    reply(leash::live_contexts(loop));
  };
  auto answers = co_await ask_loops<leash::ContextDump>(ctx, here, std::move(question));
  co_return put_together(leash::merge(answers.all), std::move(answers.unresponsive));
}

leash::Task<CoroutineDump> dump_coroutines(leash::CoroutineFilter filter) {
  leash::CoroutineGrouping grouping(std::move(filter));
  while (grouping.go_on()) co_await leash::sleep(std::chrono::nanoseconds(1));
  CoroutineDump dump;
  dump.live = leash::live_coroutines();
  dump.matched = grouping.matched();
  dump.entries = grouping.take();
  co_return dump;
}

leash::Task<FromLoops<leash::Reaped>> reap(leash::Context ctx, leash::Loop& here, leash::TaskFilter filter) {
  Question<leash::Reaped> question = [filter](leash::LoopBase& loop, const auto& reply) {
    reply(leash::reap(loop, filter));
  };
  auto answers = co_await ask_loops<leash::Reaped>(ctx, here, std::move(question));
  leash::Reaped sum;
  for (const leash::Reaped& reaped : answers.all) {
    sum.ended += reaped.ended;
    sum.waiting += reaped.waiting;
  }
  co_return put_together(sum, std::move(answers.unresponsive));
}

}  // namespace inspector
