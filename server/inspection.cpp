#include "server/inspection.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "leash/channel.hpp"

namespace server {

using namespace std::chrono_literals;

namespace {

struct Part {
  std::string loop;
  std::vector<leash::TaskInfo> tasks;
};

// Carries the channel between threads: it is only touched on the asking loop's.
struct Replies {
  leash::Channel<Part> channel;
};

}  // namespace

leash::Task<Inspection> inspect(leash::Context ctx, leash::Loop& here,
                                const std::vector<std::unique_ptr<Worker>>& workers) {
  const auto replies = std::make_shared<Replies>(Replies{leash::Channel<Part>(workers.size())});
  std::vector<std::string> waiting;
  for (const auto& worker : workers) {
    waiting.push_back(worker->loop().name());
    worker->post([worker = worker.get(), replies, io = &here.io()]() mutable {
      Part part{worker->loop().name(), leash::snapshot(worker->loop())};
      asio::post(*io, [replies = std::move(replies), part = std::move(part)]() mutable {
        (void)replies->channel.try_send(std::move(part));  // there is room for every loop's reply
      });
    });
  }

  Inspection seen;
  auto [time, cancel] = leash::with_timeout(ctx, 1s);
  while (!waiting.empty()) {
    leash::Result<Part> part = co_await replies->channel.receive(time);
    if (!part) break;
    std::erase(waiting, part->loop);
    std::move(part->tasks.begin(), part->tasks.end(), std::back_inserter(seen.tasks));
  }
  seen.unresponsive = std::move(waiting);
  co_return seen;
}

std::string to_json(const Inspection& seen) {
  using nlohmann::ordered_json;
  ordered_json groups = ordered_json::array();
  for (const leash::TaskGroup& group : leash::group(seen.tasks)) {
    const leash::TaskInfo& oldest = group.oldest;
    ordered_json frames = ordered_json::array();
    for (const leash::Frame& frame : oldest.frames) {
      frames.push_back({{"function", frame.function}, {"at", frame.file + ":" + std::to_string(frame.line)}});
    }
    groups.push_back(
        {{"site", oldest.site.file + ":" + std::to_string(oldest.site.line)},
         {"function", oldest.site.function},
         {"name", oldest.name},
         {"role", to_string(oldest.role)},
         {"state", to_string(oldest.state)},
         {"wait", to_string(oldest.wait)},
         {"waits_at", oldest.frames.empty()
                          ? ""
                          : oldest.frames.front().file + ":" + std::to_string(oldest.frames.front().line)},
         {"count", group.count},
         {"oldest_age_seconds", std::chrono::duration<double>(oldest.age).count()},
         {"bytes", group.frame_bytes},
         {"example",
          {{"id", oldest.id}, {"loop", oldest.loop}, {"owner", oldest.owner}, {"frames", frames}}}});
  }
  return ordered_json{{"live", seen.tasks.size()}, {"unresponsive", seen.unresponsive}, {"tasks", groups}}
             .dump(2) +
         "\n";
}

}  // namespace server
