// SPDX-License-Identifier: BSL-1.0
#pragma once
// Limits the number of clients of several workers together, and chooses the client that leaves for a new one.
//
// Guarantees     a client whose request is running is never chosen.
// Threads        any.
// Lifetime       the workers outlive it.
//
//   http::server::Admission admission({&worker}, 10'000);
//   if (admission.is_full()) admission.make_room(1);

#include <cstdint>
#include <utility>
#include <vector>

namespace http::server {

class Worker;

class Admission {
 public:
  Admission(std::vector<Worker*> workers, std::uint64_t most) noexcept
      : workers_(std::move(workers)), most_(most) {}

  std::uint64_t connections() const noexcept;  // without those that were told to leave
  bool is_full() const noexcept { return connections() >= most_; }

  // Ends the connections of clients that the server has waited for longest: this many, if there are as many. It happens
  // soon, on the worker with the longest wait.
  void make_room(std::uint64_t clients) const;

 private:
  std::vector<Worker*> workers_;
  std::uint64_t most_;
};

}  // namespace http::server
