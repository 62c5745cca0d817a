// SPDX-License-Identifier: BSL-1.0
#include "client/connection_pool.hpp"

#include <utility>

namespace client {

std::unique_ptr<Connection> ConnectionPool::take(const Origin& origin) {
  const auto found = idle_.find(origin);
  if (found == idle_.end()) return nullptr;
  std::unique_ptr<Connection> connection;
  while (!connection && !found->second.empty()) {
    connection = std::move(found->second.back().connection);
    found->second.pop_back();
    if (!connection->is_fresh()) connection.reset();
  }
  if (found->second.empty()) idle_.erase(found);
  if (idle_.empty()) expiry_.reset();
  return connection;
}

void ConnectionPool::put(const Origin& origin, std::unique_ptr<Connection> connection) {
  if (!connection->is_open() || limits_.idle_per_host == 0) return;
  std::deque<Idle>& idle = idle_[origin];
  if (idle.size() == limits_.idle_per_host) idle.pop_front();
  idle.push_back({std::move(connection), loop_.now()});
  if (!expiry_) expect_expiry();
}

void ConnectionPool::clear() noexcept {
  idle_.clear();
  expiry_.reset();
}

std::size_t ConnectionPool::size() const noexcept {
  std::size_t sum = 0;
  for (const auto& [origin, idle] : idle_) sum += idle.size();
  return sum;
}

void ConnectionPool::close_expired() {
  if (loop_.background().is_done()) {  // the loop is draining: no more calls will come
    clear();
    return;
  }
  const leash::TimePoint latest = loop_.now() - limits_.idle_for;
  for (auto& [origin, idle] : idle_) {
    while (!idle.empty() && idle.front().since <= latest) idle.pop_front();
  }
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
  expiry_.reset();
  if (!idle_.empty()) expect_expiry();
}

void ConnectionPool::expect_expiry() {
  leash::TimePoint oldest = leash::TimePoint::max();
  for (const auto& [origin, idle] : idle_) oldest = std::min(oldest, idle.front().since);
  leash::Cancelable at =
      leash::with_deadline(loop_.background(), leash::later(oldest, limits_.idle_for), leash::errc::finished,
                           leash::Label("idle connections").outliving());
  leash::StopHandle look = leash::after_func(at.ctx, [this] { close_expired(); });
  expiry_.emplace(std::move(at), std::move(look));
}

}  // namespace client
