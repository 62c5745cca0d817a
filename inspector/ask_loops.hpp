// SPDX-License-Identifier: BSL-1.0
#pragma once
// Asks every loop a question, from another loop.
//
// What it is     the question is posted to each worker's loop and answered there, at once or later; the
//                answers come back by post.
// Guarantees     waits for a second at most; loops that have not answered by then are named, and their late
//                answers are dropped. No loop waits for another.
// Threads        called on the loop of the calling task; `question` runs on the loops that are asked.
// Lifetime       the workers outlive the call.
//
//   auto counts = co_await ask_loops<std::size_t>(ctx, here, workers, [](Worker& worker, auto reply) {
//     reply(leash::live_tasks(worker.loop()));
//   });
//   use(counts.given, counts.unresponsive);

#include <asio/post.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "leash/channel.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"
#include "http/server/worker.hpp"

namespace server {

template <class T>
struct Answers {
  Answers() noexcept {}
  std::vector<T> given;
  std::vector<std::string> unresponsive;  // names of loops
};

template <class T>
using Question = std::function<void(Worker&, std::function<void(T)>)>;

template <class T>
leash::Task<Answers<T>> ask_loops(leash::Context ctx, leash::Loop& here, const Workers& workers,
                                  Question<T> question) {
  // Shared with the loops that are asked, and touched by the asking one only.
  using Replies = leash::Channel<std::pair<std::string, T>>;
  const auto replies = std::make_shared<Replies>(workers.size());
  Answers<T> answers;
  for (const auto& worker : workers) {
    answers.unresponsive.push_back(worker->loop().name());
    worker->post([worker = worker.get(), replies, question, io = &here.io()] {
      question(*worker, [name = worker->loop().name(), replies, io](T answer) {
        asio::post(*io, [replies, reply = std::pair(name, std::move(answer))]() mutable {
          (void)replies->try_send(std::move(reply));  // there is room for every loop's
        });
      });
    });
  }
  const auto limited = leash::with_timeout(ctx, std::chrono::seconds(1));
  while (!answers.unresponsive.empty()) {
    auto reply = co_await replies->receive(limited.ctx);
    if (!reply) break;
    std::erase(answers.unresponsive, reply->first);
    answers.given.push_back(std::move(reply->second));
  }
  co_return answers;
}

}  // namespace server
