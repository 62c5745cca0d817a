// SPDX-License-Identifier: BSL-1.0
#pragma once
// The connections of a worker that wait for their clients, longest first: no request runs on them, so that one of them
// can be ended for a new client.
//
// Guarantees     entering and leaving are O(1).
// Threads        the worker's loop's; longest_since(): any.
// Lifetime       outlives its places.
//
//   http::server::WaitingList::Place place(worker.waiting, connection);
//   place.enter(loop.now());
//   ...
//   place.leave();

#include <atomic>

#include "leash/clock.hpp"

namespace http::server {

class Connection;

class WaitingList {
 public:
  class Place {
   public:
    Place(WaitingList& list, Connection& connection) noexcept : list_(list), connection_(&connection) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { leave(); }

    void enter(leash::TimePoint now) noexcept;  // at the end of the list; no effect if it is in the list
    void leave() noexcept;
    Connection& connection() const noexcept { return *connection_; }
    Place* next() const noexcept { return next_; }

   private:
    friend class WaitingList;
    WaitingList& list_;
    Connection* connection_;
    Place* previous_ = nullptr;
    Place* next_ = nullptr;
    leash::TimePoint since_{};
    bool in_ = false;
  };

  Place* longest() const noexcept { return first_; }  // null: no connection waits
  // Since when the longest waits; the maximal time point if none does.
  leash::TimePoint longest_since() const noexcept { return since_.load(std::memory_order_relaxed); }

 private:
  void publish() noexcept;

  Place* first_ = nullptr;
  Place* last_ = nullptr;
  std::atomic<leash::TimePoint> since_{leash::TimePoint::max()};
};

}  // namespace http::server
